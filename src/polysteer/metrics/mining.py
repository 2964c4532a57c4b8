"""Retrieval as bitext mining scores it: CSLS, ratio margin, LASER's xSIM error, MTEB's accuracy and f1.

A sentence that lies near everything is found too often. So a cosine is set against how near its two
sentences lie to their `k` nearest on the other side. With r(x) the mean of those k cosines, CSLS is
2 cos(x, y) - r(x) - r(y), and the ratio margin is cos(x, y) / ((r(x) + r(y)) / 2). xSIM takes, of the k
nearest of a query, the one of the highest ratio margin. A tie is a hit in none of them, and a zero vector,
whose cosine is 0 with everything, is never found and finds nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError
from polysteer.metrics.both_ways import mine_both_ways
from polysteer.metrics.counting import Ranks
from polysteer.metrics.pairing import PairNumbers, measure_shared
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.rivals import Mined
from polysteer.metrics.series import Series, list_pairs
from polysteer.metrics.vectors import LanguagePair, VectorsByLanguage, check_parallel, ordered_pairs
from polysteer.metrics.view import LayerView

LASER_NEIGHBOURS = 4


@dataclass(frozen=True)
class Mining:
    """Ranks by the two corrected scores; xSIM's errors, and the nearest candidate by cosine, [pair, query].

    Of candidates equally near, `nearest` is the first that is not the translation.
    """

    csls: Retrieval
    margin: Retrieval
    xsim_errors: npt.NDArray[np.bool_]
    nearest: Ranks

    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether the nearest is the translation, [pair, query]; its mean is MTEB's accuracy."""
        correct: npt.NDArray[np.bool_] = self.nearest == np.arange(self.nearest.shape[1])
        return correct

    def f1(self) -> npt.NDArray[np.float64]:
        """The f1 of each translation as a class of one member, [pair, query]; the mean is MTEB's weighted f1.

        Found by its own query and by m - 1 others it has precision 1 / m and recall 1.
        """
        n = self.nearest.shape[1]
        n_found_by = np.stack([np.bincount(found, minlength=n) for found in self.nearest])
        return np.where(self.correct(), 2 / (1 + n_found_by), 0.0)


def list_series(view: LayerView) -> Iterator[Series]:
    """Where dev picked the layer: all of these over all pairs, the margin of every pair too."""
    if view.in_detail:
        found = measure_shared(view.test, view.pairings, _measure)
        yield from list_pairs(found, in_detail=False)
        margin = found.by_name["margin_top1"]
        yield from (Series("margin_top1", *pair, margin[[i]]) for i, pair in enumerate(found.pairs))


def mine_bitext(vectors: VectorsByLanguage, *, k: int = LASER_NEIGHBOURS) -> Mining:
    """All of these scores for every ordered pair of languages.

    With fewer than `k` sentences all of them are the neighbourhood. Where the neighbours' mean cosine is not
    positive a ratio to it means nothing: such a candidate is never found by its ratio margin.
    """
    check_parallel(vectors)
    if k < 1:
        raise NumericError(f"{k} neighbours; 1 or more are needed, LASER's definition takes 4")
    mined: dict[LanguagePair, Mined] = {}
    for a, b in combinations(vectors, 2):
        mined[LanguagePair(a, b)], mined[LanguagePair(b, a)] = mine_both_ways(vectors[a], vectors[b], k)
    pairs = ordered_pairs(list(vectors))
    found = [mined[pair] for pair in pairs]
    csls, margin = np.stack([one.csls for one in found]), np.stack([one.margin for one in found])
    n = csls.shape[1]
    return Mining(
        Retrieval(pairs, csls, n),
        Retrieval(pairs, margin, n),
        np.stack([one.xsim_errors for one in found]),
        np.stack([one.nearest for one in found]),
    )


def _measure(vectors: VectorsByLanguage) -> PairNumbers:
    found = mine_bitext(vectors)
    scores = {
        "csls_top1": found.csls.hits(),
        "margin_top1": found.margin.hits(),
        "xsim_error": found.xsim_errors,
        "bitext_accuracy": found.correct(),
        "bitext_f1": found.f1(),
    }
    return PairNumbers(found.margin.pairs, scores)
