"""Orthogonal Procrustes: each language turned onto each other by what `find` says of the two."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np

from polysteer.arms.arm import Arm
from polysteer.embeddings.rotation import Rotation, fit_rotation
from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_retrieval
from polysteer.metrics.counting import Ranks
from polysteer.metrics.pairing import retrieve_shared
from polysteer.metrics.retrieval import Retrieval, retrieve_translations
from polysteer.metrics.vectors import LanguagePair, VectorsByLanguage, normalize_rows, ordered_pairs
from polysteer.store.rows import ChoiceRow, Row

Rotations = Mapping[LanguagePair, Rotation]


class Procrustes(Arm):
    """Needs every sentence's language, and translations in `find`: no rows where a compared pair has none.

    At the primary layer alone: a rotation for each pair of languages and layer would take minutes.
    """

    key = "procrustes"
    title = "Procrustes"
    definition = (
        "for each ordered pair the source language turned onto the reference by the orthogonal map "
        "that fits its translations in `find` best (unit vectors, closed form), at the primary layer:"
        " needs every sentence's language, and translations in `find`; no rows where two languages "
        "that are compared have none"
    )
    as_rival = "a rotation learnt from translations"

    def list_rows(self, case: Case) -> Iterator[Row]:
        rotations = _fit_rotations(case)
        if rotations is None:
            return
        test, row = case.plain.test, replace(case.base, arm=self.key)
        retrieve = partial(retrieve_turned, rotations=rotations)
        found = retrieve_shared(test.by_layer[case.primary], test.pairings, retrieve)
        yield ChoiceRow(row, "same_layer", case.primary)
        yield from list_retrieval(case, replace(row, layer=case.primary), found)


def retrieve_turned(vectors: VectorsByLanguage, rotations: Rotations) -> Retrieval:
    """Every query turned onto the language it is looked up in, by that pair's own rotation."""
    pairs = ordered_pairs(list(vectors))
    found: list[Ranks] = []
    for source, reference in pairs:
        turned = rotations[LanguagePair(source, reference)].turn(vectors[source])
        found.append(retrieve_translations({source: turned, reference: vectors[reference]}).ranks[0])
    return Retrieval(pairs, np.stack(found), len(found[0]))


def _fit_rotations(case: Case) -> Rotations | None:
    """Both ways for every pair of languages that is compared."""
    compared = case.plain.test.pairings or combinations(case.corpus.languages, 2)
    find = case.find.by_layer[case.primary]
    units = {language: normalize_rows(rows) for language, rows in find.items()}
    rotations: dict[LanguagePair, Rotation] = {}
    for a, b in compared:
        shared = case.corpus.pairing(a, b, "find")
        if not shared.ids:
            return None
        rotation = fit_rotation(units[a][shared.rows_a], units[b][shared.rows_b])
        rotations |= {LanguagePair(a, b): rotation, LanguagePair(b, a): rotation.reverse()}
    return rotations
