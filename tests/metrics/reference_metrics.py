"""Slow, obvious definitions that the fast ones are held against."""

import math

import numpy as np


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    lengths = math.sqrt(math.fsum(float(v) ** 2 for v in x)) * math.sqrt(math.fsum(float(v) ** 2 for v in y))
    return math.fsum(float(a) * float(b) for a, b in zip(x, y, strict=True)) / lengths if lengths else 0.0


def rank_of_translation(queries: np.ndarray, references: np.ndarray, i: int) -> int:
    own = cosine(queries[i], references[i])
    rivals = [cosine(queries[i], reference) for j, reference in enumerate(references) if j != i]
    return 1 + sum(rival >= own - 1e-12 for rival in rivals)


def ranks(queries: np.ndarray, references: np.ndarray) -> list[int]:
    return [rank_of_translation(queries, references, i) for i in range(len(queries))]
