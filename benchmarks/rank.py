"""Neurons ranked per second beside scikit-learn, on one core and the same data; growth; peak memory.

Claims: 50 times scikit-learn per core, linear in neurons and sentences, memory bounded by the chunk.
"""

import argparse
import os

os.environ["OMP_NUM_THREADS"] = "1"

import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from polysteer.masks.neurons import NeuronTable
from polysteer.ranking.scores import score_neurons
from polysteer.ranking.table import rank_responses
from polysteer.responses.shards import LanguageIndex, Shard, write_index, write_shard
from polysteer.responses.store import ResponseStore

PEERS = {"ap": average_precision_score, "auroc": roc_auc_score}
LANGUAGES = ("en", "es", "de", "fr", "ja")


def make_responses(n_neurons: int, n_sentences: int) -> tuple[np.ndarray, np.ndarray]:
    """Max-pooled-like values: a third of the neurons continuous, a third rectified, a third shifted."""
    rng = np.random.default_rng(0)
    of_sentence = np.arange(n_sentences) % len(LANGUAGES)
    values = rng.normal(size=(n_neurons, n_sentences)).astype(np.float32)
    values += 0.3 * rng.normal(size=(n_neurons, len(LANGUAGES)))[:, of_sentence]
    values[1::3] = np.maximum(values[1::3], 0)
    values[2::3] += 3
    return values.astype(np.float16), of_sentence


def time_ours(responses: np.ndarray, of_sentence: np.ndarray, scores: tuple[str, ...]) -> float:
    """Seconds per neuron, the best of three."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        score_neurons(responses, of_sentence, n_languages=len(LANGUAGES), scores=scores)
        seconds.append(time.perf_counter() - start)
    return min(seconds) / len(responses)


def time_peer(responses: np.ndarray, of_sentence: np.ndarray, scores: tuple[str, ...]) -> float:
    """Seconds per neuron of scikit-learn, called per neuron and language, checking that both agree."""
    found = score_neurons(responses, of_sentence, n_languages=len(LANGUAGES), scores=scores)
    truths = [of_sentence == language for language in range(len(LANGUAGES))]
    rows = responses.astype(np.float32)
    start = time.perf_counter()
    expected = {score: [[PEERS[score](truth, row) for row in rows] for truth in truths] for score in scores}
    seconds = time.perf_counter() - start
    for score in scores:
        assert np.abs(found[score] - expected[score]).max() < 1e-6, score
    return seconds / len(responses)


def write_store(folder: Path, n_neurons: int, n_sentences: int) -> ResponseStore:
    """Responses on disk, so that ranking them shows the memory it needs."""
    neurons = NeuronTable(("mlp.hidden",), (n_neurons,), 1)
    responses, of_sentence = make_responses(n_neurons, n_sentences)
    for number, language in enumerate(LANGUAGES):
        pooled = responses[:, of_sentence == number]
        index = LanguageIndex("x", language, pooled.shape[1], pooled.shape[1], "F16", "max", neurons)
        zeros = np.zeros(n_neurons)
        sample = pooled[:, :100]
        write_shard(folder, index, 0, Shard(1, pooled, sample, zeros, zeros, zeros.astype(np.int64)))
        write_index(folder, index)
    return ResponseStore(folder, LANGUAGES)


def measure_peak_bytes(n_neurons: int, n_sentences: int, memory_bytes: int) -> int:
    """The most that ranking allocates at a time; maps of files are not counted, the system can drop them."""
    with tempfile.TemporaryDirectory() as folder:
        store = write_store(Path(folder), n_neurons, n_sentences)
        values = ("pooled_median", "token_median")
        tracemalloc.start()
        rank_responses(store, scores=("ap", "auroc"), values=values, memory_bytes=memory_bytes)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, default=4096)
    parser.add_argument("--sentences", type=int, default=5000)
    parser.add_argument("--peer-neurons", type=int, default=24, help="scikit-learn is timed on so many")
    options = parser.parse_args()

    responses, of_sentence = make_responses(options.neurons, options.sentences)
    print(f"{options.neurons} neurons x {options.sentences} sentences x {len(LANGUAGES)} languages, one core")
    for scores in (("ap",), ("auroc",), ("ap", "auroc")):
        ours = time_ours(responses, of_sentence, scores)
        peer = time_peer(responses[: options.peer_neurons], of_sentence, scores)
        print(f"{'+'.join(scores):9s} {1 / ours:7.0f} neurons/s, sklearn {1 / peer:6.1f}, x{peer / ours:.0f}")

    print("growth of ap (microseconds per neuron and thousand sentences)")
    for n_sentences in (1000, 2000, 5000, 10_000, 20_000, 50_000):
        seconds = time_ours(*make_responses(512, n_sentences), ("ap",))
        print(f"  {n_sentences:6d} sentences {seconds * 1e9 / n_sentences:8.2f}")
    print("growth of ap (microseconds per neuron, 2,000 sentences)")
    for n_neurons in (256, 1024, 4096, 16_384):
        print(f"  {n_neurons:6d} neurons {time_ours(*make_responses(n_neurons, 2000), ('ap',)) * 1e6:8.2f}")

    print("peak memory of ranking from disk, with a budget of 16 MiB a chunk")
    for n_neurons in (4096, 16_384):
        size = n_neurons * 5000 * 2
        peak = measure_peak_bytes(n_neurons, 5000, 1 << 24)
        print(f"  {n_neurons:6d} neurons: responses {size / 2**20:6.0f} MiB, peak {peak / 2**20:6.1f} MiB")


if __name__ == "__main__":
    main()
