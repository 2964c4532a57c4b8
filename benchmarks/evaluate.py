"""How far all-pairs retrieval is from the bare matrix products: `python benchmarks/evaluate.py`.

Five languages x 1,000 sentences x 8 layers of random vectors that share their meanings. The bare products are
one float32 product of normalised rows per unordered pair and layer, the least that exact search can do.
"""

import argparse
import time
from collections.abc import Callable
from itertools import combinations

import numpy as np

from polysteer.metrics import bootstrap_means, retrieve_translations
from polysteer.metrics.vectors import normalize_rows

LANGUAGES = ("en", "es", "de", "fr", "ja")


def make_layer(generator: np.random.Generator, n_sentences: int, width: int) -> dict[str, np.ndarray]:
    meanings = generator.standard_normal((n_sentences, width))
    return {
        language: (
            meanings
            + 3 * generator.standard_normal((n_sentences, width))
            + 2 * generator.standard_normal(width)
        ).astype(np.float32)
        for language in LANGUAGES
    }


def multiply_pairs(layers: list[dict[str, np.ndarray]], product: np.ndarray) -> None:
    for units in layers:
        for a, b in combinations(LANGUAGES, 2):
            np.matmul(units[a], units[b].T, out=product)


def time_best(task: Callable[[], object], repeats: int = 5) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def compare(n_sentences: int, n_layers: int, width: int) -> None:
    generator = np.random.default_rng(0)
    layers = [make_layer(generator, n_sentences, width) for _ in range(n_layers)]
    units = [{name: normalize_rows(rows) for name, rows in layer.items()} for layer in layers]
    product = np.empty((n_sentences, n_sentences), dtype=np.float32)
    bare = time_best(lambda: multiply_pairs(units, product))
    whole = time_best(lambda: [retrieve_translations(layer) for layer in layers])
    hits = [retrieve_translations(layer).hits() for layer in layers]
    intervals = time_best(lambda: bootstrap_means(hits, resamples=10_000, seed=0), repeats=2)
    print(
        f"width {width:>5}: bare products {bare:.3f} s, retrieval {whole:.3f} s, ratio {whole / bare:.2f}; "
        f"{n_layers} intervals of 10,000 resamples {intervals:.3f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--widths", type=int, nargs="+", default=[160, 1024, 4096])
    options = parser.parse_args()
    for width in options.widths:
        compare(options.sentences, options.layers, width)


if __name__ == "__main__":
    main()
