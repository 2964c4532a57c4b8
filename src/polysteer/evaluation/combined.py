"""The rows of a chosen mask with centring or erasing on top of it, fitted on `find` under the same mask."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from polysteer.embeddings.rivals import average_languages, center_languages
from polysteer.evaluation.case import Case
from polysteer.evaluation.evidence import Spaces, erase_languages
from polysteer.evaluation.rivals import list_moved
from polysteer.evaluation.spaces import list_choice
from polysteer.metrics.perplexity import measure_cost
from polysteer.store.rows import MASK_AND_CENTRE, MASK_AND_ERASE, MetricRow


def list_combined(case: Case, target: str) -> Iterator[MetricRow]:
    """At the layers that the masks were chosen for, which are the ones that `find` was kept of."""
    choices = case.evidence.choices(target)
    for label in choices.labels:
        same = choices.same_layer if choices.same_layer.label == label else None
        best = choices.best_layer if choices.best_layer.label == label else None
        condition, layers = f"{target}/{label}", choices.layers_of(label)
        find, test = (case.evidence.read(condition, split, layers) for split in ("find", "test"))
        row = case.describe_label(target, label)
        erase = partial(erase_languages, languages=case.evidence.fit_languages)
        for name, move in ((MASK_AND_CENTRE, _center), (MASK_AND_ERASE, erase)):
            named = replace(row, intervention=name)
            more = move(find, find) if case.settings.evaluate.distractors else None
            yield from list_choice(named, same, best)
            yield from list_moved(case, named, move(test, find), more, layers)
            if test.losses:
                cost = measure_cost(case.plain.test.losses, test.losses, target)
                yield replace(named, metric="cost", value=cost)


def _center(spaces: Spaces, find: Spaces) -> Spaces:
    by_layer = {
        layer: center_languages(vectors, average_languages(find.by_layer[layer]))
        for layer, vectors in spaces.by_layer.items()
    }
    return Spaces(by_layer, {}, spaces.pairings)
