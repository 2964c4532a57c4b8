"""Character n-grams: what the text alone tells, without any model."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from polysteer.arms.arm import Arm
from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_pooled, list_series, list_towards
from polysteer.metrics.pairing import retrieve_shared
from polysteer.store.rows import ChoiceRow, Row


class Surface(Arm):
    """Fitted on `find`, at no layer."""

    key = "surface"
    title = "n-grams"
    definition = "character n-grams, no model"
    as_rival = "character n-grams without any model"

    def list_rows(self, case: Case) -> Iterator[Row]:
        from polysteer.embeddings.character_ngrams import embed_surface
        from polysteer.metrics.sparse import retrieve_sparse_translations

        row = replace(case.base, arm=self.key, embedding_pooling=None)
        find, texts = (
            {language: case.corpus.texts(language, split) for language in case.corpus.languages}
            for split in ("find", "test")
        )
        embed = partial(embed_surface, fitted_on=[text for rows in find.values() for text in rows])
        vectors, pairings = embed(texts), case.plain.test.pairings
        found = retrieve_shared(vectors, pairings, retrieve_sparse_translations)
        yield ChoiceRow(row, "same_layer", None)
        yield from list_series(case, row, list_towards(found, case.targets))
        if case.settings.evaluate.distractors:
            retrieve = partial(retrieve_sparse_translations, distractors=embed(find))
            pooled = retrieve_shared(vectors, pairings, retrieve)
            yield from list_pooled(case, row, pooled, case.targets)
