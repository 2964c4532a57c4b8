"""The headline of one target: its summary, and every number behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from polysteer.errors import ArtifactError
from polysteer.layout import BASELINE
from polysteer.report.answer import Summary
from polysteer.report.contents import check_target, list_experiments, list_targets
from polysteer.report.measured import Measured
from polysteer.report.queries import read_curve, read_efficiency, read_results
from polysteer.report.question import Question, Subject
from polysteer.report.shown_arms import find_acting, find_control
from polysteer.store import query_database
from polysteer.store.views import IS_STEERED

DRAWS = """
    SELECT count(*) FROM headline
    WHERE experiment = $experiment AND target IS NOT DISTINCT FROM $target
      AND arm = $control AND view = 'same_layer'"""
SWEPT = f"""
    WITH counted AS (
        SELECT count(DISTINCT sites) AS n_sites, count(DISTINCT response_pooling) AS n_poolings,
               count(DISTINCT intervention) AS n_interventions, count(DISTINCT strength) AS n_strengths
        FROM front WHERE experiment = $experiment AND target = $target)
    SELECT CASE WHEN n_sites > 1 THEN m.sites END AS sites,
           CASE WHEN n_poolings > 1 THEN m.response_pooling END AS response_pooling,
           CASE WHEN n_interventions > 1 THEN m.intervention END AS intervention,
           CASE WHEN n_strengths > 1 THEN m.strength END AS strength
    FROM choices m, counted
    WHERE m.experiment = $experiment AND m.target = $target AND m.view = 'same_layer' AND {IS_STEERED}"""


@dataclass(frozen=True)
class Swept:
    """The chosen mask's sites and pooling of responses, its intervention, its strength; None is no sweep."""

    sites: str | None = None
    response_pooling: str | None = None
    intervention: str | None = None
    strength: float | None = None


@dataclass(frozen=True)
class Headline(Measured):
    """What the numbers of one target come down to."""

    summary: Summary
    swept: Swept = Swept()

    @property
    def acting(self) -> str:
        """The arm that it is of."""
        return find_acting(self.summary.target)


def summarize(database: Path, *, experiment: str, target: str | None = None) -> list[Headline]:
    """Of one target, or of every target of the experiment; of what has none, of erasing."""
    asked: Sequence[str | None] = [target]
    if target is not None:
        check_target(database, experiment, target)
    elif targets := list_targets(database, experiment):
        asked = targets
    elif experiment not in list_experiments(database):
        asked = []
    return [_read_headline(database, Subject(experiment, name)) for name in asked]


def summarize_question(question: Question) -> tuple[Summary, ...]:
    """The headline of what is asked about; nothing where an experiment steers nothing."""
    return tuple(
        one.summary
        for name in question.experiments
        for target in (question.sides if question.compares_targets else (question.target,))
        for one in summarize(question.database, experiment=name, target=target)
    )


def _read_headline(database: Path, subject: Subject) -> Headline:
    rows = [
        *read_results(database, subject),
        *read_curve(database, subject, "top1"),
        *read_efficiency(database, subject),
    ]
    control = find_control(subject.target)
    asked = subject._asdict()
    [(n_draws,)] = query_database(database, DRAWS, asked | {"control": control}).rows
    swept = query_database(database, SWEPT, asked).records()
    summary = _pick_summary(Measured(tuple(rows)), subject, n_draws)
    return Headline(tuple(rows), summary, Swept(**swept[0]) if swept else Swept())


def _pick_summary(measured: Measured, subject: Subject, n_draws: int) -> Summary:
    experiment, target = subject
    arm = find_acting(target)
    baseline, steered = measured.find(BASELINE, "top1"), measured.find(arm, "top1")
    if baseline is None or steered is None:
        missing = "baseline" if baseline is None else "steered run"
        raise ArtifactError(
            f"experiment {experiment!r} has no top-1 of the {missing} for target {target!r} on test; "
            f"run `steer evaluate {experiment}` again"
        )
    difference = measured.find(arm, "top1_difference")
    rank, cost = measured.value(arm, "control_rank"), measured.value(arm, "cost")
    return Summary(
        target=target,
        experiment=experiment,
        layer=steered.layer,
        k=steered.k,
        candidates=steered.candidates,
        baseline=baseline.value,
        steered=steered.value,
        control=measured.value(find_control(target), "top1"),
        centred=measured.value("centred", "top1"),
        surface=measured.value("surface", "top1"),
        ratio=steered.value / baseline.value if baseline.value else None,
        ci_low=difference.ci_low if difference else None,
        ci_high=difference.ci_high if difference else None,
        p_value=measured.value(arm, "p_value"),
        control_rank=None if rank is None else int(rank),
        draws=n_draws,
        cost=1.0 if cost is None else cost,
    )
