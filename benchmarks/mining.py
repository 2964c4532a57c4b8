"""Bitext mining beside LASER's: `python benchmarks/mining.py --sentences 3000 10000 --widths 256 1024`.

LASER's mining, as Artetxe and Schwenk (2019) define it, is written here once more over faiss' flat index: the
4 nearest both ways, ratio margin, and of the best candidates of both directions the highest first, each
sentence once ("max"). LASER's script scores candidates one by one in Python; here also all at once, which is
the harder peer. `mine_bitext` gives ranks by CSLS and margin, xSIM and f1 both ways, in float64.

Two languages of random vectors, of which nearly all translations are found or few are (`--noise`). One
thread; each way in a process of its own; time is that of the process, memory what its peak adds to vectors
and imports; medians of the rounds. faiss (`pip install faiss-cpu`) is needed by nothing else.
"""

import argparse
import os

os.environ["OMP_NUM_THREADS"] = "1"

import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import faiss
import numpy as np

from polysteer.metrics.mining import mine_bitext

K = 4


class Measured(NamedTuple):
    seconds: float
    added_mib: float
    found: float


def make_vectors(n: int, width: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    b = generator.standard_normal((n, width), dtype=np.float32)
    a = generator.standard_normal((n, width), dtype=np.float32)
    a *= noise
    a += b
    return a, b


def mine_ours(a: np.ndarray, b: np.ndarray) -> float:
    return float(mine_bitext({"a": a, "b": b}, k=K).margin.hits()[0].mean())


def find_nearest(queries: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    index = faiss.IndexFlatIP(candidates.shape[1])
    index.add(candidates)
    return index.search(queries, K)


def score_one_by_one(a: np.ndarray, b: np.ndarray, found: np.ndarray, means: np.ndarray) -> np.ndarray:
    scores = np.zeros(found.shape)
    for i in range(len(found)):
        for j in range(found.shape[1]):
            candidate = found[i, j]
            scores[i, j] = a[i].dot(b[candidate]) / means[i, j]
    return scores


def mine_laser(a: np.ndarray, b: np.ndarray, *, at_once: bool) -> float:
    faiss.normalize_L2(a)
    faiss.normalize_L2(b)
    (forth, found), (back, found_back) = find_nearest(a, b), find_nearest(b, a)
    near, near_back = forth.mean(axis=1), back.mean(axis=1)
    means = (near[:, None] + near_back[found]) / 2
    means_back = (near_back[:, None] + near[found_back]) / 2
    if at_once:
        scores, scores_back = forth / means, back / means_back
    else:
        scores = score_one_by_one(a, b, found, means)
        scores_back = score_one_by_one(b, a, found_back, means_back)
    every, best, best_back = np.arange(len(a)), scores.argmax(axis=1), scores_back.argmax(axis=1)
    sources = np.concatenate([every, found_back[every, best_back]])
    targets = np.concatenate([found[every, best], every])
    order = np.argsort(-np.concatenate([scores[every, best], scores_back[every, best_back]]))
    seen_sources: set[int] = set()
    seen_targets: set[int] = set()
    n_right = 0
    for source, target in zip(sources[order].tolist(), targets[order].tolist(), strict=True):
        if source not in seen_sources and target not in seen_targets:
            seen_sources.add(source)
            seen_targets.add(target)
            n_right += source == target
    return n_right / len(a)


WAYS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "LASER, as its script scores": lambda a, b: mine_laser(a, b, at_once=False),
    "LASER, scored at once": lambda a, b: mine_laser(a, b, at_once=True),
    "mine_bitext": mine_ours,
}


def measure(name: str, n: int, width: int, noise: float) -> Measured:
    a, b = make_vectors(n, width, noise)
    before, start = read_peak_mib(), time.process_time()
    found = WAYS[name](a, b)
    return Measured(time.process_time() - start, read_peak_mib() - before, found)


def read_peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_apart(*case: str | float) -> Measured:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(measure, *case).result()


def compare(n: int, width: int, noise: float, rounds: int) -> None:
    rows = [{name: measure_apart(name, n, width, noise) for name in WAYS} for _ in range(rounds)]
    taken = {name: np.median([row[name] for row in rows], axis=0) for name in WAYS}
    print(f"{n:,} sentences both sides, width {width}, noise {noise:g}")
    for name, (seconds, added_mib, found) in taken.items():
        ratios = ", ".join(
            f"{np.median([row[name].seconds / row[other].seconds for row in rows]):.2f}"
            for other in WAYS
            if other != name
        )
        print(
            f"  {name:27s} {seconds:8.3f} s (of the others {ratios}), "
            f"+{added_mib:,.0f} MiB, found {found:.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, nargs="+", default=[3000, 10_000])
    parser.add_argument("--widths", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--noise", type=float, nargs="+", default=[2.5, 8.0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for n in options.sentences:
        for width in options.widths:
            for noise in options.noise:
                compare(n, width, noise, options.rounds)


if __name__ == "__main__":
    main()
