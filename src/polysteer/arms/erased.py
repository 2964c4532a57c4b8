"""The directions in which the languages' means differ, taken out of finished vectors; and random ones."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from polysteer.arms.arm import Arm
from polysteer.arms.treatment import Fitted, Treatment, list_rival
from polysteer.evaluation.case import Case
from polysteer.evaluation.evidence import ByLanguage
from polysteer.masks.erasure import draw_subspace, fit_subspace
from polysteer.masks.subspace import LanguageSubspace
from polysteer.masks.subspace_metadata import SubspaceMetadata
from polysteer.store.rows import Row

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

    def fit(self, find: ByLanguage, languages: Sequence[str]) -> Fitted:
        return _erase(_fit_subspace(find, languages))


class ErasedAtRandom(Arm):
    """As many random directions at the primary layer."""

    key = "erased_at_random"
    title = "random erased"
    definition = (
        "as many random directions taken away around the same mean; `extra_draws` draws, at the primary layer"
    )

    def list_rows(self, case: Case) -> Iterator[Row]:
        find = case.evidence.find.by_layer[case.primary]
        fitted = _fit_subspace(find, case.evidence.fit_languages)
        for draw in range(case.settings.evaluate.extra_draws):
            erase = _erase(draw_subspace(fitted, seed=case.settings.evaluate.seed, draw=draw))
            row = replace(case.base, arm=self.key, draw=draw)
            yield from list_rival(
                case,
                row,
                lambda spaces: spaces.at_layers([case.primary]).move(lambda _, vectors: erase(vectors)),  # noqa: B023
                case.plain.same,
                None,
            )


def _fit_subspace(find: ByLanguage, languages: Sequence[str]) -> LanguageSubspace:
    width = find[languages[0]].shape[-1]
    metadata = SubspaceMetadata(
        method="mean_difference", languages=list(languages), layers=[LAYER], width=width
    )
    return fit_subspace({LAYER: find}, metadata)


def _erase(subspace: LanguageSubspace) -> Fitted:
    return lambda vectors: {name: subspace.erase(rows, layer=LAYER) for name, rows in vectors.items()}
