"""How long ABX over all triples takes, beside a loop over them: `python benchmarks/abx.py`.

Random vectors that share their meanings, 1,000 of them in five languages: 20 ordered pairs, 40 million
triples, half for language and half for meaning. The loop compares two angles per triple with NumPy, as a
script would; it is timed on some triples and extrapolated. The bare products are one float64 product per
ordered pair and one per language.
"""

import argparse
import math
import time
from collections.abc import Callable

import numpy as np

from polysteer.metrics.abx import measure_abx

LANGUAGES = ("en", "es", "de", "fr", "ja")


def make_vectors(n_meanings: int, width: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    meanings = generator.standard_normal((n_meanings, width))
    return {
        language: (
            meanings + generator.standard_normal((n_meanings, width)) + generator.standard_normal(width)
        ).astype(np.float32)
        for language in LANGUAGES
    }


def time_loop(vectors: dict[str, np.ndarray], n_triples: int) -> float:
    """Seconds per triple of one and the same loop, over the first triples of the first pair."""
    l1, l2 = vectors["en"], vectors["es"]
    n = len(l1)
    start, points = time.perf_counter(), 0.0
    for triple in range(n_triples):
        m1, m2 = divmod(triple, n)
        if m1 != m2:
            to_a, to_b = angle(l1[m2], l1[m1]), angle(l1[m2], l2[m1])
            points += 0.5 if to_a == to_b else to_a < to_b
    return (time.perf_counter() - start) / n_triples


def angle(x: np.ndarray, y: np.ndarray) -> float:
    return math.acos(np.clip(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)), -1, 1))


def multiply(vectors: dict[str, np.ndarray]) -> None:
    wide = {language: rows.astype(np.float64) for language, rows in vectors.items()}
    for a in LANGUAGES:
        for b in LANGUAGES:
            np.matmul(wide[a], wide[b].T)


def time_best(task: Callable[[], object], repeats: int = 3) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        seconds.append(time.process_time() - start)
    return min(seconds)


def compare(n_meanings: int, width: int, n_looped: int) -> None:
    vectors = make_vectors(n_meanings, width)
    n_triples = 2 * len(LANGUAGES) * (len(LANGUAGES) - 1) * n_meanings * (n_meanings - 1)
    whole, bare = time_best(lambda: measure_abx(vectors)), time_best(lambda: multiply(vectors))
    loop = time_loop(vectors, n_looped) * n_triples
    print(
        f"width {width:>5}: {n_triples:,} triples in {whole:.2f} s, bare products {bare:.2f} s; "
        f"the loop would take {loop / 60:.0f} min, {loop / whole:,.0f} times as long"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meanings", type=int, default=1000)
    parser.add_argument("--widths", type=int, nargs="+", default=[160, 1024, 4096])
    parser.add_argument("--looped", type=int, default=20_000, help="triples that the loop is timed on")
    options = parser.parse_args()
    for width in options.widths:
        compare(options.meanings, width, options.looped)


if __name__ == "__main__":
    main()
