"""Slow, obvious definitions that the fast ones are held against."""

import math

import numpy as np
from scipy.linalg import sqrtm


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    lengths = math.sqrt(math.fsum(float(v) ** 2 for v in x)) * math.sqrt(math.fsum(float(v) ** 2 for v in y))
    return math.fsum(float(a) * float(b) for a, b in zip(x, y, strict=True)) / lengths if lengths else 0.0


def rank_of_translation(queries: np.ndarray, references: np.ndarray, i: int) -> int:
    own = cosine(queries[i], references[i])
    rivals = [cosine(queries[i], reference) for j, reference in enumerate(references) if j != i]
    return 1 + sum(rival >= own - 1e-12 for rival in rivals)


def ranks(queries: np.ndarray, references: np.ndarray) -> list[int]:
    return [rank_of_translation(queries, references, i) for i in range(len(queries))]


def angle(x: np.ndarray, y: np.ndarray) -> float:
    return math.acos(min(1.0, max(-1.0, cosine(x, y))))


def point(d_a: float, d_b: float) -> float:
    """What a triple counts, X at `d_a` from A and `d_b` from B."""
    return 0.5 if abs(d_a - d_b) < 1e-7 else float(d_a < d_b)


def language_abx(l1: np.ndarray, l2: np.ndarray) -> dict[tuple[int, int], float]:
    """(m1, m2) -> what the triple A = (m1, l1), X = (m2, l1), B = (m1, l2) counts."""
    n = range(len(l1))
    return {(m1, m2): point(angle(l1[m2], l1[m1]), angle(l1[m2], l2[m1])) for m1 in n for m2 in n if m1 != m2}


def meaning_abx(l1: np.ndarray, l2: np.ndarray) -> dict[tuple[int, int], float]:
    """(m1, m2) -> what the triple A = (m1, l1), B = (m2, l1), X = (m1, l2) counts."""
    n = range(len(l1))
    return {(m1, m2): point(angle(l2[m1], l1[m1]), angle(l2[m1], l1[m2])) for m1 in n for m2 in n if m1 != m2}


def corrected_scores(queries: np.ndarray, references: np.ndarray, k: int) -> tuple[np.ndarray, ...]:
    """Cosine, CSLS and ratio margin of every query with every reference."""
    cosines = np.array([[cosine(x, y) for y in references] for x in queries])
    r_x = [np.mean(sorted(row)[-k:]) for row in cosines]
    r_y = [np.mean(sorted(column)[-k:]) for column in cosines.T]
    csls, margin = np.empty_like(cosines), np.empty_like(cosines)
    for i, j in np.ndindex(*cosines.shape):
        csls[i, j] = 2 * cosines[i, j] - r_x[i] - r_y[j]
        neighbours = (r_x[i] + r_y[j]) / 2
        margin[i, j] = cosines[i, j] / neighbours if neighbours > 1e-12 else -math.inf
    return cosines, csls, margin


def ranks_by_score(scores: np.ndarray, defined: np.ndarray) -> list[int]:
    n = len(scores)
    ranks = []
    for i, row in enumerate(scores):
        slack = 1e-12 * max(1, abs(row[i])) if math.isfinite(row[i]) else 0
        rivals = sum(row[j] >= row[i] - slack for j in range(n) if j != i)
        ranks.append(1 + rivals if defined[i] and math.isfinite(row[i]) else n)
    return ranks


def laser_errors(cosines: np.ndarray, margin: np.ndarray, k: int) -> list[bool]:
    """LASER's xSIM, for data without ties: of the k nearest, the one of the highest margin."""
    errors = []
    for i, row in enumerate(cosines):
        nearest = sorted(range(len(row)), key=lambda j: -row[j])[:k]
        errors.append(max(nearest, key=lambda j: margin[i, j]) != i)
    return errors


def erase_by_leace(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Least-squares concept erasure (Belrose et al. 2023, theorem 4.3) on Bodnar et al.'s covariance.

    The package concept-erasure 0.2.4 gives the same.
    """
    n, width = rows.shape
    x, z = rows - rows.mean(axis=0), labels - labels.mean(axis=0)
    found = x.T @ x / n
    sphere = np.trace(found) / width * np.eye(width)
    by_chance = np.trace(found) ** 2 * np.sum(sphere**2) / n
    unlike_sphere = np.sum(found**2) * np.sum(sphere**2) - np.trace(found @ sphere) ** 2
    kept = 1 - by_chance / unlike_sphere
    root = sqrtm(kept * found + (1 - kept) * sphere).real
    whitened = np.linalg.inv(root) @ x.T @ z
    onto = whitened @ np.linalg.pinv(whitened)
    return rows - x @ (root @ onto @ np.linalg.inv(root)).T
