"""The rows of what stands against a chosen mask: other controls, and the masks of other languages."""

from collections.abc import Iterator
from dataclasses import replace

from polysteer.evaluation.case import Case
from polysteer.evaluation.spaces import Series, list_directions, list_means
from polysteer.layout import AT_EXPERT_VALUES, PERMUTED
from polysteer.masks.interventions import list_needs
from polysteer.metrics.retrieval import Retrieval
from polysteer.store.rows import ALL, CHOSEN_SAME_LAYER, OTHER_MASKS, MetricRow


def list_extra_controls(case: Case, target: str) -> Iterator[MetricRow]:
    """Random neurons held as the experts are, and experts held as one another; not under `ablate`."""
    held = case.describe_chosen(target)
    if not list_needs(held.intervention):
        return
    for kind in (AT_EXPERT_VALUES, PERMUTED):
        for draw in range(case.settings.evaluate.extra_draws):
            judgement = case.evidence.extra_control(target, kind, draw)
            row = replace(held, intervention=kind, draw=draw)
            yield from _list_draw(case, row, judgement.retrieval_by_layer[case.primary])


def list_other_masks(case: Case, target: str) -> Iterator[MetricRow]:
    """What the other targets' chosen masks do; a draw is the place of the mask's own target in the list."""
    for place, other in enumerate(case.targets):
        if other != target:
            row = replace(case.describe_chosen(other), target=target, intervention=OTHER_MASKS, draw=place)
            yield from _list_draw(case, row, case.under_masks[other])


def _list_draw(case: Case, row: MetricRow, found: Retrieval) -> Iterator[MetricRow]:
    row = replace(row, layer=case.primary)
    assert row.target is not None
    yield replace(row, metric=CHOSEN_SAME_LAYER, split="dev", value=1.0)
    series = [Series("top1", ALL, ALL, found.hits()), *list_directions(found, row.target)]
    yield from list_means(row, series)
