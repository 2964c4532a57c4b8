"""How far all-pairs retrieval is from the bare matrix products: `python benchmarks/evaluate.py`.

Five languages x 1,000 sentences x 8 layers of random vectors that share their meanings. The bare products are
one product of normalised rows per unordered pair and layer, the least that exact search can do: in float32
beside `retrieve_translations`; and in float64, of one layer, beside `mine_bitext` (CSLS, margin, xSIM, f1),
which is for the layers that were picked. One thread; time is the process's own; the ways take turns, and
ratios are medians.
"""

import argparse
import os

os.environ["OMP_NUM_THREADS"] = "1"

import time
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from polysteer.metrics.intervals import bootstrap_means
from polysteer.metrics.mining import mine_bitext
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.metrics.vectors import normalize_rows

LANGUAGES = ("en", "es", "de", "fr", "ja")
Layer = dict[str, np.ndarray]


def make_layer(generator: np.random.Generator, n_sentences: int, width: int) -> Layer:
    meanings = generator.standard_normal((n_sentences, width))
    return {
        language: (
            meanings
            + 3 * generator.standard_normal((n_sentences, width))
            + 2 * generator.standard_normal(width)
        ).astype(np.float32)
        for language in LANGUAGES
    }


def multiply_pairs(layers: Sequence[Layer]) -> None:
    some = layers[0][LANGUAGES[0]]
    product = np.empty((len(some), len(some)), dtype=some.dtype)
    for units in layers:
        for a, b in combinations(LANGUAGES, 2):
            np.matmul(units[a], units[b].T, out=product)


def time_once(task: Callable[[], object]) -> float:
    start = time.process_time()
    task()
    return time.process_time() - start


def compare(n_sentences: int, n_layers: int, width: int, rounds: int) -> None:
    generator = np.random.default_rng(0)
    layers = [make_layer(generator, n_sentences, width) for _ in range(n_layers)]
    units = [{name: normalize_rows(rows) for name, rows in layer.items()} for layer in layers]
    wide = [{name: rows.astype(np.float64) for name, rows in units[0].items()}]
    taken = np.array(
        [
            (
                time_once(lambda: multiply_pairs(units)),
                time_once(lambda: [retrieve_translations(layer) for layer in layers]),
                time_once(lambda: multiply_pairs(wide)),
                time_once(lambda: mine_bitext(layers[0])),
            )
            for _ in range(rounds)
        ]
    )
    bare, whole, bare_wide, mined = np.median(taken, axis=0)
    ratio, ratio_mined = np.median(taken[:, 1::2] / taken[:, ::2], axis=0)
    print(
        f"width {width:>5}: {n_layers} layers, bare products {bare:.3f} s, retrieval {whole:.3f} s, "
        f"ratio {ratio:.2f}; 1 layer in float64, bare {bare_wide:.3f} s, mining {mined:.3f} s, "
        f"ratio {ratio_mined:.2f}"
    )


def time_intervals(n_sentences: int, n_layers: int) -> None:
    generator = np.random.default_rng(0)
    hits = [generator.random((20, n_sentences)) < 0.3 for _ in range(n_layers)]
    seconds = time_once(lambda: bootstrap_means(hits, resamples=10_000, seed=0))
    print(f"{n_layers} intervals of 10,000 resamples: {seconds:.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--widths", type=int, nargs="+", default=[160, 1024, 4096])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for width in options.widths:
        compare(options.sentences, options.layers, width, options.rounds)
    time_intervals(options.sentences, options.layers)


if __name__ == "__main__":
    main()
