"""Damaged text files of every source: `python benchmarks/fuzz_corpora.py`.

Claim: whatever stands in a file, it is read, or refused by a CorpusError; nothing else ever leaves a reader.
Every input is a good file with one to three mutations, drawn by a seed: bytes flipped, cut, doubled, moved,
or replaced by what files of that kind break on. The hub's reader reads its files as `table` does.
"""

import argparse
import csv
import io
import json
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from polysteer.corpus.corpus_settings import CorpusSettings
from polysteer.corpus.joining import read_corpus
from polysteer.errors import CorpusError

SETTINGS: TypeAdapter[Any] = TypeAdapter(CorpusSettings)
N_ROWS = 8
SIZES = {"dev": 2, "test": 2}
ROWS = [
    {"id": str(n), "lang": lang, "text": f"{lang} été 日本 {n}"}
    for n in range(N_ROWS)
    for lang in ("en", "ja")
]
HOSTILE = (
    *(b"\0", b"\xff", b"\xc3", b"\r", b"\n", b"\t", b'"', b"'", b"\\", b"<", b"&", b"{", b"[", b"]]>", b"#"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b\x08", b"PK\x03\x04", b"\\ud800", b"\xed\xa0\x80", b"\x1b[31m"),
    *(b"null", b"true", b"5", b"-1", b"1e999", b"NaN", b"[1]", b'{"a":1}', b"\xc2\xb2", b"1-2\t_", b"1.1\t_"),
    *(b"9" * 5000, b"[" * 3000, b"x" * 200_000),
    *(b"&eacute;", b"&#xD800;", b"<!DOCTYPE a SYSTEM 'b'>", b"<!ENTITY a 'b'>", b"<seg>", b"</tu>"),
    *(b'encoding="shift_jis"', b'encoding="none"', b'encoding="utf-16"', b'encoding="hex"'),
)  # fmt: skip


class Seed(NamedTuple):
    """Good files by name, and the settings that read them, `{}` for the folder."""

    files: dict[str, bytes]
    settings: dict[str, Any]


class Outcome(NamedTuple):
    """What came of all inputs; a crash is any other exception, with what led to it."""

    counts: Counter[str]
    crashes: list[str]


def _write_rows(delimiter: str) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(ROWS[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(ROWS)
    return file.getvalue().encode()


def _write_parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file)
    return file.getvalue()


def _write_tmx(encoding: str) -> bytes:
    units = "".join(
        f'<tu><tuv xml:lang="en"><seg>one {n}</seg></tuv><tuv xml:lang="ja"><seg>日本 {n}</seg></tuv></tu>\n'
        for n in range(N_ROWS)
    )
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n'
    return f'{head}<tmx version="1.4"><body>\n{units}</body></tmx>'.encode(encoding)


def _write_lines(word: str, n_rows: int = N_ROWS) -> bytes:
    return "".join(f"{word} é {n}\n" for n in range(n_rows)).encode()


def _write_flores_plus(word: str) -> bytes:
    return "".join(json.dumps({"id": n, "text": f"{word} {n}"}) + "\n" for n in range(N_ROWS)).encode()


def _write_conllu(word: str) -> bytes:
    return "".join(
        f"# sent_id = s{n}\n# parallel_id = pud/{n}\n# text = {word}{n} sleeps\n"
        f"1\t{word}{n}\t_\tNOUN\t_\t_\t2\tnsubj\t_\t_\n2\tsleeps\t_\tVERB\t_\tA=b|C=d\t0\troot\t_\t_\n\n"
        for n in range(N_ROWS)
    ).encode()


def _write_sib(word: str, part: str) -> bytes:
    rows = "".join(f'{part}{n}\ttravel\t"{word} ""é"" {part} {n}"\n' for n in range(4))
    return f"index_id\tcategory\ttext\n{rows}".encode()


def make_seeds() -> dict[str, Seed]:
    """One or several for every source that reads files."""
    columns = {"source": "table", "id": "id", "lang": "lang", "text": "text", **SIZES}
    bitext = {"source": "bitext", "path": "{}/b", **SIZES}
    halves = [(part, code) for part in ("dev", "devtest") for code in ("eng_Latn", "jpn_Jpan")]
    flores = {f"{part}/{code}.{part}": _write_lines(code + part) for part, code in halves}
    flores_plus = {f"{part}/{code}.jsonl": _write_flores_plus(code + part) for part, code in halves}
    sib = {
        f"{code}/{part}.tsv": _write_sib(code, part)
        for code in ("eng_Latn", "jpn_Jpan")
        for part in ("train", "dev", "test")
    }
    tables = {
        "t.csv": _write_rows(","),
        "t.tsv": _write_rows("\t"),
        "t.jsonl": "".join(json.dumps(row) + "\n" for row in ROWS).encode(),
        "t.parquet": _write_parquet(),
    }
    return {
        **{name: Seed({name: held}, columns | {"files": "{}/" + name}) for name, held in tables.items()},
        **{
            f"tmx {code}": Seed({"b.tmx": _write_tmx(code)}, bitext | {"path": "{}/b.tmx"})
            for code in ("utf-8", "shift_jis", "utf-16")
        },
        "bitext": Seed(
            {"b": b"".join(b"one %d\teins %d\n" % (n, n) for n in range(N_ROWS))},
            bitext | {"columns": ["en", "de"]},
        ),
        "lines": Seed(
            {"en": _write_lines("en"), "ja": _write_lines("ja")},
            {"source": "lines", "files": {"en": "{}/en", "ja": "{}/ja"}, **SIZES},
        ),
        "flores200": Seed(flores, {"source": "flores200", "path": "{}", "dev": 3}),
        "flores+": Seed(flores_plus, {"source": "flores200", "path": "{}", "dev": 3}),
        "sib200": Seed(sib, {"source": "sib200", "path": "{}"}),
        "tatoeba": Seed(
            {"tatoeba.deu-eng.deu": _write_lines("de"), "tatoeba.deu-eng.eng": _write_lines("en")},
            {"source": "tatoeba", "path": "{}", **SIZES},
        ),
        "conllu": Seed(
            {f"{code}_pud-ud-test.conllu": _write_conllu(code) for code in ("en", "ja")},
            {"source": "conllu", "path": "{}", **SIZES},
        ),
    }


def mutate(content: bytes, draw: random.Random) -> bytes:
    """The content with one to three flaws."""
    for _ in range(draw.randint(1, 3)):
        at, length = draw.randrange(len(content) + 1), draw.choice((0, 1, 2, 8, 60))
        head, cut, tail = content[:at], content[at : at + length], content[at + length :]
        kind = draw.randrange(6)
        if kind == 0 and tail:
            content = head + cut + bytes([tail[0] ^ 1 << draw.randrange(8)]) + tail[1:]
        elif kind == 1:
            content = head + tail
        elif kind == 2:
            content = head + cut * draw.choice((2, 50)) + tail
        elif kind == 3:
            content = head if draw.random() < 0.3 else tail + head + cut
        else:
            content = head + draw.choice(HOSTILE) + (tail if draw.random() < 0.5 else cut + tail)
    return content


def _fill(settings: Any, folder: Path) -> Any:
    if isinstance(settings, dict):
        return {key: _fill(value, folder) for key, value in settings.items()}
    return settings.replace("{}", str(folder)) if isinstance(settings, str) else settings


def fuzz_corpora(n_inputs: int, *, folder: Path, seed: int = 0) -> Outcome:
    """Read every damaged file; `folder` is where they are written, one after the other."""
    counts, crashes = Counter[str](), list[str]()
    seeds = [
        (name, files, SETTINGS.validate_python(_fill(settings, folder / name)))
        for name, (files, settings) in make_seeds().items()
    ]
    for name, files, settings in seeds:
        for file, content in files.items():
            (folder / name / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / file).write_bytes(content)
        read_corpus(settings)  # the good files are read
    for number in range(n_inputs):
        draw = random.Random(f"{seed}:{number}")
        name, files, settings = seeds[number % len(seeds)]
        file = draw.choice(sorted(files))
        (folder / name / file).write_bytes(mutate(files[file], draw))
        try:
            read_corpus(settings)
            counts["accepted"] += 1
        except CorpusError:
            counts["refused"] += 1
        except Exception as error:  # noqa: BLE001, it is what is looked for
            counts["crashed"] += 1
            crashes.append(f"{name}, input {number} of seed {seed}: {type(error).__name__}: {error}"[:300])
        (folder / name / file).write_bytes(files[file])
    return Outcome(counts, crashes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz_corpora(arguments.inputs, folder=Path(folder), seed=arguments.seed)
    print("\n".join(found.crashes))
    told = ", ".join(f"{found.counts[kind]:,} {kind}" for kind in ("accepted", "refused", "crashed"))
    print(f"{arguments.inputs:,} damaged files: {told} ({time.perf_counter() - started:.0f} s)")
    if found.crashes:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
