"""Exact cosine retrieval for sparse vectors, such as counts of character n-grams."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, vstack

from polysteer.errors import NumericError
from polysteer.metrics.counting import TIE_FLOAT64, Ranks
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.vectors import ordered_pairs

BLOCK_ROWS = 512


def retrieve_sparse_translations(
    vectors: Mapping[str, csr_array], distractors: Mapping[str, csr_array] | None = None
) -> Retrieval:
    """As `retrieve_translations`, for sparse rows; two rows with nothing in common are no hit either.

    With `distractors`, equally many of each language, the candidates are those too.
    """
    shapes = {rows.shape for rows in vectors.values()}
    if len(vectors) < 2 or len(shapes) != 1:
        raise NumericError(
            f"sparse vectors of {len(vectors)} language(s) with shapes {sorted(shapes)}; "
            "expected two or more languages of one shape"
        )
    units = {language: _normalize_sparse(rows) for language, rows in vectors.items()}
    pools = units if distractors is None else _widen(units, distractors)
    pairs = ordered_pairs(list(units))
    ranks = np.stack([_rank_rows(units[a], pools[b]) for a, b in pairs])
    return Retrieval(pairs, ranks, pools[pairs[0].reference].shape[0])


def _widen(units: Mapping[str, csr_array], distractors: Mapping[str, csr_array]) -> dict[str, csr_array]:
    width = next(iter(units.values())).shape[1]
    shapes = {language: distractors[language].shape for language in units if language in distractors}
    n_each = next(iter(shapes.values()), (0,))[0]
    if shapes != dict.fromkeys(units, (n_each, width)):
        given = ", ".join(f"{language} {shape}" for language, shape in shapes.items())
        raise NumericError(
            f"distractors have shapes {given}; "
            f"expected equally many of width {width} for each of {', '.join(units)}"
        )
    return {
        language: csr_array(vstack([rows, _normalize_sparse(distractors[language])]))
        for language, rows in units.items()
    }


def _normalize_sparse(rows: csr_array) -> csr_array:
    wide = csr_array(rows, dtype=np.float64)
    lengths = np.sqrt(wide.multiply(wide).sum(axis=1))
    scale = np.repeat(1 / np.where(lengths > 0, lengths, 1), np.diff(wide.indptr))
    return csr_array((wide.data * scale, wide.indices, wide.indptr), shape=wide.shape)


def _rank_rows(queries: csr_array, references: csr_array) -> Ranks:
    n = queries.shape[0]
    ranks = np.empty(n, dtype=np.int32)
    for start in range(0, n, BLOCK_ROWS):
        block = slice(start, min(start + BLOCK_ROWS, n))
        cosines: npt.NDArray[np.float64] = (queries[block] @ references.T).toarray()
        own = cosines[np.arange(len(cosines)), np.arange(block.start, block.stop)]
        # The sentence's own translation is among those at least as near, which makes up the 1.
        ranks[block] = (cosines >= own[:, None] - TIE_FLOAT64).sum(axis=1)
        ranks[block][own <= 0] = references.shape[0]
    return ranks
