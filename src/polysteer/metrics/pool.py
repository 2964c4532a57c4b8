"""Exact cosine retrieval from a pool larger than the queries: how a number holds up among more candidates.

Memory is bounded: the vectors, their copies at length one, and one tile of the similarity matrix.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError
from polysteer.metrics.counting import Ranks, Search, Side, cosine_tiles, count_rivals
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.vectors import (
    FloatArray,
    LanguagePair,
    VectorsByLanguage,
    check_finite,
    check_parallel,
    ordered_pairs,
)


def retrieve_in_pool(
    queries: FloatArray, candidates: FloatArray, right: npt.NDArray[np.integer[Any]]
) -> Ranks:
    """The rank of candidate `right[i]` for query i among all candidates; ties are no hits here either."""
    _check_table(queries, "query", at_least=1)
    _check_table(candidates, "candidate", at_least=2)
    if queries.shape[1] != candidates.shape[1]:
        raise NumericError(
            f"queries have width {queries.shape[1]}, candidates {candidates.shape[1]}; "
            "both must come from the same model and layer"
        )
    _check_right(right, len(queries), len(candidates))
    return _rank(Side.of(queries), Side.of(candidates), right.astype(np.int64))


def retrieve_among_distractors(vectors: VectorsByLanguage, distractors: VectorsByLanguage) -> Retrieval:
    """As `retrieve_translations`, with more candidates of the reference language that answer no query."""
    check_parallel(vectors)
    languages = list(vectors)
    sides = {language: Side.of(rows) for language, rows in vectors.items()}
    itself = np.arange(len(vectors[languages[0]]))
    n_distractors = _count_distractors(vectors, distractors)
    ranks: dict[LanguagePair, Ranks] = {}
    for reference in languages:
        pool = Side.of(np.concatenate([vectors[reference], distractors[reference]]))
        for source in languages:
            if source != reference:
                ranks[LanguagePair(source, reference)] = _rank(sides[source], pool, itself)
    pairs = ordered_pairs(languages)
    return Retrieval(pairs, np.stack([ranks[pair] for pair in pairs]), len(itself) + n_distractors)


def _rank(queries: Side, candidates: Side, right: npt.NDArray[np.int64]) -> Ranks:
    search = Search.of(queries, candidates, right)
    n_rivals = np.zeros_like(right)
    for tile in cosine_tiles(search):
        count_rivals(search, tile, n_rivals)
    return search.rank(n_rivals)


def _count_distractors(vectors: VectorsByLanguage, distractors: VectorsByLanguage) -> int:
    """How many there are of each language; refuses unequal numbers, for then pools could not be compared."""
    width = next(iter(vectors.values())).shape[1]
    shapes = {language: distractors[language].shape for language in vectors if language in distractors}
    n_each: int = next(iter(shapes.values()), (0,))[0]
    if shapes != dict.fromkeys(vectors, (n_each, width)):
        given = ", ".join(f"{language} {shape}" for language, shape in shapes.items())
        raise NumericError(
            f"distractors have shapes {given}; "
            f"expected equally many of width {width} for each of {', '.join(vectors)}"
        )
    for language in vectors:
        check_finite(distractors[language], f"distractor {language}")
    return n_each


def _check_table(rows: FloatArray, name: str, *, at_least: int) -> None:
    if rows.ndim != 2 or len(rows) < at_least:
        raise NumericError(
            f"{name} vectors have shape {rows.shape}; expected ({name}, width), {at_least} or more of them"
        )
    check_finite(rows, name)


def _check_right(right: npt.NDArray[np.integer[Any]], n_queries: int, n_candidates: int) -> None:
    if right.shape != (n_queries,) or not np.issubdtype(right.dtype, np.integer):
        raise NumericError(
            f"right answers have shape {right.shape} and type {right.dtype}; "
            f"expected one whole number for each of {n_queries} queries"
        )
    outside = np.flatnonzero((right < 0) | (right >= n_candidates))
    if len(outside):
        raise NumericError(
            f"the right answer of query {outside[0]} is candidate {right[outside[0]]}; "
            f"there are {n_candidates}, counted from 0"
        )
