"""Top-1 from a large pool beside faiss: `python benchmarks/pool.py --sentences 100000`.

As many queries as candidates, random vectors of width 256; every query is its candidate with noise, so that
most are found. Each way runs on one thread in a process of its own; its peak memory holds vectors, Python
and what the search needs. Time is the process's own, from raw vectors to ranks, or to the nearest
candidate. faiss (`pip install faiss-cpu`) is needed by nothing else: without it its row is left out. The bare
products are float32 products of normalised vectors, 1024 by 1024, with nothing looked at.
"""

import argparse
import os

os.environ["OMP_NUM_THREADS"] = "1"

import importlib.util
import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np

from polysteer.metrics.pool import retrieve_in_pool
from polysteer.metrics.vectors import normalize_rows

TILE = 1024


class Measured(NamedTuple):
    seconds: float
    peak_mib: float
    found: np.ndarray | None


def make_vectors(n: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    candidates = generator.standard_normal((n, width), dtype=np.float32)
    queries = generator.standard_normal((n, width), dtype=np.float32)
    queries *= 2.5
    queries += candidates
    return queries, candidates


def rank_ours(queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    return retrieve_in_pool(queries, candidates, np.arange(len(queries))) == 1


def search_faiss(queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    import faiss

    index = faiss.IndexFlatIP(candidates.shape[1])
    faiss.normalize_L2(queries)
    faiss.normalize_L2(candidates)
    index.add(candidates)
    nearest = index.search(queries, 1)[1][:, 0]
    return nearest == np.arange(len(queries))


def multiply_tiles(queries: np.ndarray, candidates: np.ndarray) -> None:
    queries, candidates = normalize_rows(queries), normalize_rows(candidates)
    product = np.empty((TILE, TILE), dtype=np.float32)
    for i in range(0, len(queries), TILE):
        for j in range(0, len(candidates), TILE):
            a, b = queries[i : i + TILE], candidates[j : j + TILE]
            np.matmul(a, b.T, out=product[: len(a), : len(b)])


WAYS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray | None]] = {
    "bare products": multiply_tiles,
    "faiss IndexFlatIP": search_faiss,
    "retrieve_in_pool": rank_ours,
}


def measure(name: str, n: int, width: int) -> Measured:
    queries, candidates = make_vectors(n, width)
    start = time.process_time()
    found = WAYS[name](queries, candidates)
    seconds = time.process_time() - start
    return Measured(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, found)


def measure_apart(name: str, n: int, width: int) -> Measured:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(measure, name, n, width).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=20_000)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    names = [name for name in WAYS if "faiss" not in name or importlib.util.find_spec("faiss")]
    if len(names) < len(WAYS):
        print("faiss is not installed (pip install faiss-cpu): its row is left out")
    print(f"top-1 of {options.sentences:,} among {options.sentences:,}, width {options.width}")
    for _ in range(options.rounds):
        taken = {name: measure_apart(name, options.sentences, options.width) for name in names}
        for name, (seconds, peak_mib, found) in taken.items():
            ratios = ", ".join(
                f"{seconds / taken[other].seconds:.2f} of {other}" for other in names if other != name
            )
            top1 = "" if found is None else f", top-1 {found.mean():.4f}"
            print(f"{name:<18} {seconds:8.1f} s ({ratios}), peak {peak_mib:,.0f} MiB{top1}", flush=True)
        hits = [found for _, _, found in taken.values() if found is not None]
        if len(hits) == 2:
            print(f"the two agree on {(hits[0] == hits[1]).mean():.4%} of the queries")


if __name__ == "__main__":
    main()
