"""The rows of one condition: everything that is measured of its vectors, layer by layer, and its losses."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_losses, list_pooled, list_series
from polysteer.evaluation.spaces import Spaces
from polysteer.metrics.pairing import retrieve_shared
from polysteer.metrics.pool import retrieve_among_distractors
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.metrics.view import LayerView, measure_layer
from polysteer.store.rows import MetricRow

OF_TEST_ALONE = {"retrieval", "alignment"}  # families that need no `find`


def list_condition(
    case: Case,
    row: MetricRow,
    find: Spaces,
    test: Spaces,
    *,
    picked: Collection[str],
    targets: Sequence[str],
    in_full: bool = True,
) -> Iterator[MetricRow]:
    """Every layer of `test`, in detail where picked; of what asks for `find`, nothing unless it is `in_full`.

    `picked` are layers that `find` has.
    """
    fitted = set(find.by_layer) if in_full else set()
    for layer in test.by_layer:
        measure = _Measure(case, replace(row, layer=layer), targets, layer in picked)
        # In a function, so that a layer is gone before the next one is read.
        yield from measure.list_rows(layer, find, test, in_full=layer in fitted)
    yield from list_losses(row, test.losses)


class _Measure(NamedTuple):
    """What one layer is measured for."""

    case: Case
    row: MetricRow
    targets: Sequence[str]
    in_detail: bool

    def list_rows(self, layer: str, find: Spaces, test: Spaces, *, in_full: bool) -> Iterator[MetricRow]:
        """From the vectors of this layer, which are read here."""
        evaluate = self.case.settings.evaluate
        in_pool = evaluate.distractors and self.in_detail
        vectors, fitted_on = test.by_layer[layer], find.by_layer[layer] if in_full or in_pool else {}
        view = LayerView(
            find=fitted_on,
            test=vectors,
            pairings=test.pairings,
            retrieval=retrieve_shared(vectors, test.pairings, retrieve_translations),
            in_detail=self.in_detail,
            topics=self.case.topics,
            targets=self.targets,
            unseen=self.case.unseen,
        )
        asked = {"retrieval", *evaluate.families}
        for families in (asked & OF_TEST_ALONE, asked - OF_TEST_ALONE if in_full else set()):
            yield from list_series(self.case, self.row, measure_layer(view, families))
        if in_pool:
            retrieve = partial(retrieve_among_distractors, distractors=fitted_on)
            found = retrieve_shared(vectors, test.pairings, retrieve)
            yield from list_pooled(self.case, self.row, found, self.targets)
