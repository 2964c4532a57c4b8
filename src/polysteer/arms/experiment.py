"""One experiment: every arm read, and every arm's rows."""

from collections.abc import Iterator, Sequence

from polysteer.arms import ARMS
from polysteer.arms.baseline import Baseline
from polysteer.arms.checkpoints import Checkpoints
from polysteer.arms.comparisons import list_comparisons
from polysteer.arms.sweep import Sweep
from polysteer.evaluation.case import Case
from polysteer.evaluation.layer_ranks import list_rank_correlations
from polysteer.store.rows import MetricRow, Row
from polysteer.trials.session import Session


def read_arms(session: Session, targets: Sequence[str]) -> None:
    """Refuse what cannot be read, then read what is not there yet."""
    for arm in ARMS:
        arm.check(session)
    for arm in ARMS:
        arm.read(session, targets)


def evaluate_case(case: Case) -> Iterator[Row]:
    """The rows of every arm, and of what compares them."""
    plain = []
    for arm in ARMS:
        for row in arm.list_rows(case):
            if isinstance(arm, Baseline | Checkpoints) and isinstance(row, MetricRow):
                plain.append(row)
            yield row
    yield from list_rank_correlations(plain, case.base)
    yield from list_comparisons(case, [arm for arm in ARMS if isinstance(arm, Sweep)])
