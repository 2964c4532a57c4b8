"""The rows of orthogonal Procrustes: each language turned onto each other by what `find` says of the two."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from polysteer.embeddings.procrustes import Rotation, fit_rotation
from polysteer.evaluation.case import Case
from polysteer.evaluation.spaces import list_choice, list_retrieval
from polysteer.metrics.retrieval import Ranks, Retrieval, retrieve_translations
from polysteer.metrics.vectors import LanguagePair, normalize_rows, ordered_pairs
from polysteer.store.rows import PROCRUSTES, MetricRow

ByLanguage = Mapping[str, npt.NDArray[np.float32]]


def list_procrustes(case: Case) -> Iterator[MetricRow]:
    """Needs every sentence's language and translations in `find`; where two languages share none, no rows.

    At the primary layer alone: a rotation for each pair of languages and layer would take minutes.
    """
    languages = case.corpus.languages
    pairings = {
        pair: case.corpus.pairing(*pair, "find")
        for pair in ordered_pairs(list(languages))
        if pair.source < pair.reference
    }
    if not all(pairing.ids for pairing in pairings.values()):
        return
    find = case.evidence.find.by_layer[case.primary]
    units = {language: normalize_rows(rows) for language, rows in find.items()}
    rotations: dict[LanguagePair, Rotation] = {}
    for pair, (_, rows_a, rows_b) in pairings.items():
        rotations[pair] = fit_rotation(units[pair.source][rows_a], units[pair.reference][rows_b])
        rotations[LanguagePair(pair.reference, pair.source)] = rotations[pair].reverse()
    row = replace(case.base, intervention=PROCRUSTES)
    yield from list_choice(row, case.plain.same, None)
    found = retrieve_turned(case.plain.test.by_layer[case.primary], rotations)
    at_layer = replace(row, layer=case.primary)
    yield from list_retrieval(at_layer, found, targets=case.targets, evaluate=case.settings.evaluate)


def retrieve_turned(vectors: ByLanguage, rotations: Mapping[LanguagePair, Rotation]) -> Retrieval:
    """Every query turned onto the language it is looked up in, by that pair's own rotation."""
    pairs = ordered_pairs(list(vectors))
    found: list[Ranks] = []
    for source, reference in pairs:
        turned = rotations[LanguagePair(source, reference)].turn(vectors[source])
        found.append(retrieve_translations({source: turned, reference: vectors[reference]}).ranks[0])
    return Retrieval(pairs, np.stack(found), len(found[0]))
