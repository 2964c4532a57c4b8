"""How fast text is read, and how little of a large table: `python benchmarks/corpora.py`.

Claims: 205 languages of SIB-200's size are read, split and written in seconds; of a Parquet file with ten
million lines only about the sentences that the splits need are ever in memory. Each task runs in a process of
its own, so that its peak memory is its own; the first one imports the same modules and reads nothing.
"""

import argparse
import csv
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from polysteer.corpus.corpus_settings import make_settings
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.joining import read_corpus

SIB_PARTS = {"train": 701, "dev": 99, "test": 204}
SIZES = {"find": 1000, "dev": 500, "test": 500}


def write_sib(folder: Path, n_languages: int) -> None:
    """Files in SIB-200's layout, with languages under ISO codes for private use, qaa to qtz."""
    codes = [
        f"q{first}{second}" for first in "abcdefghijklmnopqrst" for second in "abcdefghijklmnopqrstuvwxyz"
    ]
    for code in codes[:n_languages]:
        (folder / code).mkdir(parents=True)
        first = 0
        for part, n_rows in SIB_PARTS.items():
            with (folder / code / f"{part}.tsv").open("w", newline="") as file:
                writer = csv.writer(file, delimiter="\t", lineterminator="\n")
                writer.writerow(["index_id", "category", "text"])
                writer.writerows(
                    (
                        first + row,
                        "science/technology",
                        f"{code} sentence {first + row} " + 'about "it", ' * 9,
                    )
                    for row in range(n_rows)
                )
            first += n_rows


def write_parquet(path: Path, n_lines: int) -> None:
    """Two languages side by side, each row one meaning."""
    duckdb.sql("SET enable_progress_bar = false")
    duckdb.sql(
        f"COPY (SELECT range AS id, 'line ' || range || ' ' || repeat('word ', 12) AS en, "
        f"'rivi ' || range || ' ' || repeat('sana ', 12) AS fi FROM range({n_lines})) "
        f"TO '{path}' (FORMAT parquet)"
    )


def read_sib(folder: Path) -> str:
    corpus = read_corpus(make_settings(source="sib200", path=folder))
    read_back_after(corpus, folder / "written")
    return f"{len(corpus.languages)} languages, {corpus.table.num_rows:,} sentences"


def read_back_after(corpus: Corpus, folder: Path) -> None:
    corpus.write(folder)
    assert Corpus.read(folder).fingerprint() == corpus.fingerprint()


def read_parquet(path: Path) -> str:
    settings = {"source": "table", "files": str(path), "id": "id", "texts": {"en": "en", "fi": "fi"}, **SIZES}
    corpus = read_corpus(make_settings(**settings))
    return f"{corpus.table.num_rows:,} sentences kept"


def read_nothing(_: Path) -> str:
    return "imports alone"


def measure(task: Callable[[Path], str], path: Path) -> dict[str, Any]:
    """Seconds and peak memory of a task in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_run, (task, path))


def _run(task: Callable[[Path], str], path: Path) -> dict[str, Any]:
    started = time.perf_counter()
    outcome = task(path)
    seconds = time.perf_counter() - started
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"outcome": outcome, "seconds": round(seconds, 2), "peak_mib": round(peak_mib)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--languages", type=int, default=205)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sib(folder / "sib", options.languages)
        write_parquet(folder / "lines.parquet", options.lines)
        size_mib = round((folder / "lines.parquet").stat().st_size / 2**20)
        results = {
            "nothing": measure(read_nothing, folder),
            f"sib200, {options.languages} languages": measure(read_sib, folder / "sib"),
            f"parquet, {options.lines:,} lines, {size_mib} MiB": measure(
                read_parquet, folder / "lines.parquet"
            ),
        }
    if options.json:
        print(json.dumps(results, indent=1))
        return
    for task, found in results.items():
        print(f"{task:<40} {found['seconds']:>7.2f} s  peak {found['peak_mib']:>5} MiB  {found['outcome']}")


if __name__ == "__main__":
    main()
