"""All rows of one experiment, in the names of the user's own language codes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from polysteer.evaluation.case import Case
from polysteer.evaluation.combined import list_combined
from polysteer.evaluation.controls import list_extra_controls, list_other_masks
from polysteer.evaluation.efficiency import list_efficiency
from polysteer.evaluation.expectation import list_expected
from polysteer.evaluation.finetuned import list_finetuned
from polysteer.evaluation.rivals import (
    list_baseline,
    list_centred,
    list_erased,
    list_erased_at_random,
    list_mean_difference,
    list_surface,
)
from polysteer.evaluation.rotation import list_procrustes
from polysteer.evaluation.steered import (
    Comparison,
    list_candidates,
    list_chosen,
    list_controls,
    list_tried,
)
from polysteer.evaluation.translation import list_translated
from polysteer.evaluation.written import list_written
from polysteer.metrics.intervals import adjust_holm
from polysteer.store.rows import BEST_LAYER_SUFFIX, MetricRow, excluding


def evaluate_case(case: Case) -> Iterator[MetricRow]:
    """Baseline, rivals, and what acts in the model against baseline and random draws."""
    yield from list_baseline(case)
    yield from list_expected(case)
    yield from list_written(case)
    yield from list_translated(case)
    yield from list_centred(case)
    yield from list_erased(case)
    yield from list_erased_at_random(case)
    yield from list_procrustes(case)
    yield from list_finetuned(case)
    yield from list_surface(case)
    comparisons: list[Comparison] = []
    for target in case.targets:
        yield from list_mean_difference(case, target)
    for tried in list_tried(case):
        yield from list_candidates(case, tried)
        controls = case.evidence.controls(tried.name, case.settings.evaluate.controls)
        rows, compared = list_chosen(case, tried, controls)
        yield from rows
        comparisons += compared
        yield from list_controls(case, tried, controls)
        if tried.target:
            yield from list_extra_controls(case, tried.target)
            yield from list_other_masks(case, tried.target)
            yield from list_combined(case, tried.target)
            yield from list_efficiency(case, tried.target)
    for suffix in ("", BEST_LAYER_SUFFIX):
        yield from _list_comparisons([one for one in comparisons if one.suffix == suffix])


def name_languages(row: MetricRow, given: Mapping[str, str]) -> MetricRow:
    """Canonical codes become the user's own."""
    named = dict(given) | {excluding(code): excluding(own) for code, own in given.items()}
    return replace(
        row,
        target=named.get(row.target or "", row.target),
        source=named.get(row.source or "", row.source),
        reference=named.get(row.reference or "", row.reference),
    )


def _list_comparisons(comparisons: Sequence[Comparison]) -> Iterator[MetricRow]:
    """Differences with their tests; Holm's correction runs over the targets and the erasure."""
    adjusted = adjust_holm([one.difference.p_value for one in comparisons])
    for one, p_value_holm in zip(comparisons, adjusted, strict=True):
        row, suffix, (mean, low, high, n, p_value) = one.row, one.suffix, one.difference
        yield replace(row, metric=f"top1_difference{suffix}", value=mean, ci_low=low, ci_high=high, n=n)
        yield replace(row, metric=f"p_value{suffix}", value=p_value, n=n)
        yield replace(row, metric=f"p_value_holm{suffix}", value=p_value_holm, n=n)
        if one.among is not None:
            rank, n_draws, control_p_value = one.among
            yield replace(row, metric=f"control_rank{suffix}", value=float(rank), n=n_draws)
            yield replace(row, metric=f"control_p_value{suffix}", value=control_p_value, n=n_draws)
