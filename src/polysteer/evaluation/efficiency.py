"""The rows of experts from fewer sentences: what they gain, and how alike those of several draws are."""

from collections.abc import Iterator
from dataclasses import replace

from polysteer.evaluation.case import Case
from polysteer.metrics.intervals import average_pairs
from polysteer.store.rows import (
    EXPERT_JACCARD,
    HALVES_SUFFIX,
    SCORE_CORRELATION,
    TOP1_FROM_SENTENCES,
    MetricRow,
)
from polysteer.trials.agreement import Agreement


def list_efficiency(case: Case, target: str) -> Iterator[MetricRow]:
    """Draws are numbered through all numbers of sentences; `n` is the number that a draw is of."""
    wanted = case.settings.evaluate.efficiency
    if wanted is None:
        return
    row = case.describe_chosen(target)
    first_draw = 0
    for n_sentences in wanted.sentences:
        agreement = case.evidence.agreement(target, str(n_sentences))
        of_number = replace(row, held_statistic=agreement.value_statistic, n=n_sentences)
        for draw in range(agreement.n_draws):
            judgement = case.evidence.fewer_sentences(target, n_sentences, draw)
            found = judgement.retrieval_by_layer[case.primary]
            yield replace(
                of_number,
                metric=TOP1_FROM_SENTENCES,
                draw=first_draw + draw,
                layer=case.primary,
                candidates=found.n_candidates,
                value=average_pairs(found.hits()),
            )
        yield from _list_agreement(of_number, agreement, first_draw, "")
        first_draw += agreement.n_draws
    halves = case.evidence.agreement(target, "halves")
    of_halves = replace(row, held_statistic=halves.value_statistic, n=halves.n_sentences)
    yield from _list_agreement(of_halves, halves, 0, HALVES_SUFFIX)


def _list_agreement(
    row: MetricRow, agreement: Agreement, first_draw: int, suffix: str
) -> Iterator[MetricRow]:
    for metric, values in ((EXPERT_JACCARD, agreement.jaccard), (SCORE_CORRELATION, agreement.correlation)):
        for draw, value in enumerate(values, start=first_draw):
            yield replace(row, metric=f"{metric}{suffix}", draw=draw, split="find", value=value)
