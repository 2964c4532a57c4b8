"""How much memory evaluation takes, in layers of one condition: `python benchmarks/evaluate_memory.py`.

Five languages x 1,000 sentences x width 4,096 of random vectors that share their meanings, at 10 layers and
at 30: memory must not grow with layers. A layer of one condition, a split in five languages, is 82 MB in 32
bits. Evaluated are the plain model and every rival that needs no reading of it, with retrieval, alignment and
geometry. The files take 1.2 GB per split at 30 layers. The peak is of resident memory, pages of mapped files
included, over what the process has before it evaluates, and it has a process of its own (Linux alone tells).
"""

import argparse
import os

os.environ["OMP_NUM_THREADS"] = "1"

import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from polysteer.allocator import keep_freed_memory
from polysteer.arms.experiment import evaluate_case
from polysteer.config import load_experiments
from polysteer.corpus.corpus_schema import SCHEMA
from polysteer.corpus.corpus_table import Corpus
from polysteer.evaluation.case import Case
from polysteer.layout import BASELINE, ExperimentLayout
from polysteer.store.rows import MetricRow
from polysteer.trials.encoded import LanguageVectors, save_vectors

SPLITS = ("find", "dev", "test")
LANGUAGES = ("de", "en", "es", "fr", "ja")
SPLITS = ("find", "dev", "test")
# Without targets there are no masks, whose readings would have to be made up too.
SETTINGS = """\
schema: 1
experiments:
  memory:
    model: builtin
    corpus: {source: builtin, languages: [de, en, es, fr, ja]}
    targets: []
    evaluate: {families: [retrieval, alignment, geometry], controls: 0}
"""


class Size(NamedTuple):
    layers: int
    sentences: int
    width: int

    @property
    def layer_bytes(self) -> int:
        return len(LANGUAGES) * self.sentences * self.width * np.dtype(np.float32).itemsize

    def name_layers(self) -> tuple[str, ...]:
        return (*map(str, range(self.layers - 1)), "final")


class Measured(NamedTuple):
    rows: int
    seconds: float
    before_bytes: int
    peak_bytes: int


def make_files(layout: ExperimentLayout, size: Size) -> None:
    for split in SPLITS:
        for language in LANGUAGES:
            vectors = make_vectors(split, language, size)
            content = LanguageVectors(size.name_layers(), vectors, None)
            save_vectors(layout.encoded(BASELINE, split, language), content, stamp="made up")


def make_vectors(split: str, language: str, size: Size) -> np.ndarray:
    """In 16 bits, as they are stored, and layer by layer: nothing larger is held."""
    seed = [SPLITS.index(split), LANGUAGES.index(language)]
    vectors = np.empty(size, np.float16)
    for layer, rows in enumerate(vectors):
        meanings = np.random.default_rng([layer, seed[0]]).standard_normal(rows.shape, np.float32)
        mean = np.random.default_rng([layer, seed[1], 1]).standard_normal(size.width, np.float32)
        noise = np.random.default_rng([layer, *seed, 2]).standard_normal(rows.shape, np.float32)
        rows[:] = meanings + 3 * noise + 2 * mean
    return vectors


def make_corpus(n_sentences: int) -> Corpus:
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz "))
    columns = {"id": [], "lang": [], "split": [], "text": []}
    for number, split in enumerate(SPLITS):
        texts = np.random.default_rng(number).choice(letters, (n_sentences, 40))
        for language in LANGUAGES:
            columns["id"] += [f"{split}-{i}" for i in range(n_sentences)]
            columns["lang"] += [language] * n_sentences
            columns["split"] += [split] * n_sentences
            columns["text"] += [f"{language} {''.join(text)}" for text in texts]
    unknown = {name: [None] * len(columns["id"]) for name in SCHEMA.names if name not in columns}
    return Corpus(pa.table(columns | unknown, schema=SCHEMA))


def evaluate(folder: Path, n_sentences: int) -> Measured:
    keep_freed_memory()  # as `steer` does
    settings = load_experiments(folder / "experiments.yaml").experiments["memory"]
    corpus = make_corpus(n_sentences)
    base = MetricRow(experiment="memory", model="made up", fingerprint="made up")
    before, start = read_status("VmRSS"), time.process_time()
    rows = list(evaluate_case(Case(settings, corpus, ExperimentLayout(folder), ["de"], base)))
    seconds = time.process_time() - start
    return Measured(len(rows), seconds, before, read_status("VmHWM"))


def read_status(name: str) -> int:
    """Not from getrusage: there a process has at least the peak of the one that started it."""
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:")
    )
    return int(line.split()[1]) * 1024


def measure(size: Size) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "experiments.yaml").write_text(SETTINGS)
        make_files(ExperimentLayout(folder), size)
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
            found = process.submit(evaluate, folder, size.sentences).result()
    taken = found.peak_bytes - found.before_bytes
    print(
        f"{size.layers:>3} layers of {size.layer_bytes / 1e6:,.1f} MB: {taken / 1e6:,.0f} MB over "
        f"{found.before_bytes / 1e6:,.0f} MB before, {taken / size.layer_bytes:.1f} layers; "
        f"{found.rows:,} rows in {found.seconds:,.0f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, nargs="+", default=[10, 30])
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--width", type=int, default=4096)
    options = parser.parse_args()
    for n_layers in options.layers:
        measure(Size(n_layers, options.sentences, options.width))


if __name__ == "__main__":
    main()
