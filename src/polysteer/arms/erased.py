"""The directions in which the languages' means differ, taken out of finished vectors; and random ones."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from polysteer.arms.arm import Arm
from polysteer.arms.treatment import Fitted, Treatment, list_moved
from polysteer.evaluation.case import Case
from polysteer.masks.erasure import draw_subspace, fit_subspace
from polysteer.masks.subspace import LanguageSubspace
from polysteer.masks.subspace_metadata import SubspaceMetadata
from polysteer.metrics.vectors import VectorsByLanguage
from polysteer.store.rows import ChoiceRow, Row

LAYER = "final"  # each layer has a subspace of its own, which has to be called something


class Erased(Treatment):
    """No sentence's language has to be known."""

    key = "erased"
    title = "erased"
    between_unseen = "erased in finished embeddings"
    definition = (
        "of finished vectors: the span of the differences of the languages' means in `find` taken "
        "away: needs no label"
    )
    as_rival = "erasing the directions in which languages differ, which needs no label"

    def fit(self, find: VectorsByLanguage, languages: Sequence[str]) -> Fitted:
        return _erase(_fit_subspace(find, languages))


class ErasedAtRandom(Arm):
    """As many random directions at the primary layer."""

    key = "erased_at_random"
    title = "random erased"
    definition = (
        "as many random directions taken away around the same mean; `extra_draws` draws, at the primary layer"
    )

    def list_rows(self, case: Case) -> Iterator[Row]:
        fitted = _fit_subspace(case.find.by_layer[case.primary], case.fit_languages)
        for draw in range(case.settings.evaluate.extra_draws):
            drawn = draw_subspace(fitted, seed=case.settings.evaluate.seed, draw=draw)
            yield from self._list_draw(case, draw, _erase(drawn))

    def _list_draw(self, case: Case, draw: int, erase: Fitted) -> Iterator[Row]:
        row = replace(case.base, arm=self.key, draw=draw)
        test, find = (
            spaces.at_layers([case.primary]).move(lambda _, vectors: erase(vectors))
            for spaces in (case.plain.test, case.find)
        )
        yield ChoiceRow(row, "same_layer", case.primary)
        yield from list_moved(case, row, test, find, [case.primary])


def _fit_subspace(find: VectorsByLanguage, languages: Sequence[str]) -> LanguageSubspace:
    width = find[languages[0]].shape[-1]
    metadata = SubspaceMetadata(
        method="mean_difference", languages=list(languages), layers=[LAYER], width=width
    )
    return fit_subspace({LAYER: find}, metadata)


def _erase(subspace: LanguageSubspace) -> Fitted:
    return lambda vectors: {name: subspace.erase(rows, layer=LAYER) for name, rows in vectors.items()}
