"""The rows of one condition: everything that is measured of its vectors, layer by layer, and its losses."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_losses, list_pooled, list_series
from polysteer.evaluation.spaces import Spaces
from polysteer.metrics.pairing import retrieve_shared
from polysteer.metrics.pool import retrieve_among_distractors
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.metrics.vectors import VectorsByLanguage
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
        # In a function, so that a layer is gone before the next one is read.
        yield from _list_layer(
            case,
            replace(row, layer=layer),
            find.by_layer,
            test,
            targets=targets,
            in_detail=layer in picked,
            in_full=layer in fitted,
        )
    yield from list_losses(row, test.losses)


def _list_layer(
    case: Case,
    row: MetricRow,
    find: Mapping[str, VectorsByLanguage],
    test: Spaces,
    *,
    targets: Sequence[str],
    in_detail: bool,
    in_full: bool,
) -> Iterator[MetricRow]:
    """From the vectors of the row's layer, which are read here."""
    layer, evaluate = str(row.layer), case.settings.evaluate
    in_pool = evaluate.distractors and in_detail
    vectors, fitted_on = test.by_layer[layer], find[layer] if in_full or in_pool else {}
    view = LayerView(
        find=fitted_on,
        test=vectors,
        pairings=test.pairings,
        retrieval=retrieve_shared(vectors, test.pairings, retrieve_translations),
        in_detail=in_detail,
        topics=case.topics,
        targets=targets,
        unseen=case.unseen,
    )
    asked = {"retrieval", *evaluate.families}
    for families in (asked & OF_TEST_ALONE, asked - OF_TEST_ALONE if in_full else set()):
        yield from list_series(case, row, measure_layer(view, families))
    if in_pool:
        retrieve = partial(retrieve_among_distractors, distractors=fitted_on)
        yield from list_pooled(case, row, retrieve_shared(vectors, test.pairings, retrieve), targets)
