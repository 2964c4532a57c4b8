"""Character n-grams: what the text alone tells, without any model."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from polysteer.arms.arm import Arm
from polysteer.evaluation.case import Case
from polysteer.evaluation.spaces import list_pooled, list_series
from polysteer.metrics.directions import list_directions
from polysteer.metrics.names import ALL
from polysteer.metrics.pairing import retrieve_shared
from polysteer.metrics.series import Series
from polysteer.store.rows import ChoiceRow, Row


class Surface(Arm):
    """Fitted on `find`, at no layer."""

    key = "surface"
    title = "n-grams"
    definition = "character n-grams, no model"
    as_rival = "character n-grams without any model"

    def list_rows(self, case: Case) -> Iterator[Row]:
        from polysteer.embeddings.surface import embed_surface
        from polysteer.metrics.sparse import retrieve_sparse_translations

        row = replace(case.base, arm=self.key, embedding_pooling=None)
        evaluate = case.settings.evaluate
        find, texts = (
            {language: case.corpus.texts(language, split) for language in case.corpus.languages}
            for split in ("find", "test")
        )
        embed = partial(embed_surface, fitted_on=[text for rows in find.values() for text in rows])
        vectors, pairings = embed(texts), case.plain.test.pairings
        found = retrieve_shared(vectors, pairings, retrieve_sparse_translations)
        yield ChoiceRow(row, "same_layer", None)
        series = [Series("top1", ALL, ALL, found.hits())]
        for target in case.targets:
            series += list_directions(found, target)
        yield from list_series(row, series, evaluate)
        if evaluate.distractors:
            retrieve = partial(retrieve_sparse_translations, distractors=embed(find))
            pooled = retrieve_shared(vectors, pairings, retrieve)
            yield from list_pooled(row, pooled, case.targets, evaluate)
