"""Says where two runs of the same experiments differ: `python benchmarks/compare_runs.py OLD NEW`.

OLD and NEW are folders of artifacts, made by two versions of the code: every number of the metrics, masks,
subspaces, judgements, choices, texts and vectors is compared bit by bit, stamps and versions aside. Files are
read as what they are, safetensors, JSON or Parquet, so that OLD may have other columns or schema numbers. A
word is renamed in OLD by `--rename FILE`, JSON such as

{"columns": {"arm": "way"}, "words": {"way": {"baseline": "plain"}}, "paths": {"/baseline/": "/plain/"}}

where words stand under a column's new name, a row whose word becomes null is left out, and so is a column;
`"added": ["title"]` names columns that NEW alone has. It exits with 1 if anything differs.
"""

import argparse
import json
import math
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from polysteer.tensorfile import TensorFile, open_tensors

KIND_BY_PATTERN = {
    "metrics/*.parquet": "metric rows",
    "*/responses/*/shard-*": "responses",
    "*/masks/scores*": "scores",
    "*/masks/*.safetensors": "masks",
    "*/chosen/*.safetensors": "masks",
    "*/fitted/*.safetensors": "subspaces",
    "*/judged/*.safetensors": "judgements",
    "*/controls/*.safetensors": "judgements",
    "*/efficiency/*.safetensors": "judgements",
    "*/contrastive/*.safetensors": "judgements",
    "*/choice.json": "choices",
    "*/efficiency/*.json": "agreements",
    "*/written/*.json": "written texts",
    "*/translated/*.json": "written texts",
    "*/shape.json": "shapes",
    "*.tokens.safetensors": "tokens",
    "*.words.safetensors": "word vectors",
    "*/vectors/*.safetensors": "sentence vectors",
}
STAMPS = {"fingerprint", "sha256", "polysteer_version", "format_version"}
MEASURED = {"candidates", "value", "ci_low", "ci_high", "n", "seed"}  # all other columns say of what
ABSENT = "absent"

Parts = dict[str, Any]  # numbers, words and arrays by name
Items = dict[str, Callable[[], Parts]]  # rows and files by name, read when asked for


class Renames(NamedTuple):
    columns: Mapping[str, str | None] = {}
    words: Mapping[str, Mapping[str, str | None]] = {}
    paths: Mapping[str, str] = {}
    added: Sequence[str] = ()

    def name_column(self, name: str) -> str | None:
        return self.columns.get(name, name)

    def name_word(self, column: str, word: Any) -> Any:
        known = self.words.get(column, {})
        return known[word] if isinstance(word, str) and word in known else word

    def name_path(self, path: str) -> str:
        for old, new in self.paths.items():
            path = path.replace(old, new)
        return path


class Difference(NamedTuple):
    item: str
    part: str
    old: Any
    new: Any

    @property
    def is_of_arrays(self) -> bool:
        sides = [side for side in (self.old, self.new) if isinstance(side, np.ndarray)]
        return len(sides) == 2 and sides[0].shape == sides[1].shape

    def measure(self) -> float:
        """The largest distance of two numbers in the same place; 0 where there are none."""
        if self.is_of_arrays:
            distances = np.abs(self.old.astype(float) - self.new.astype(float))
            return float(np.nanmax(distances, initial=0.0))
        if all(isinstance(side, int | float) for side in (self.old, self.new)):
            return abs(self.old - self.new)
        return 0.0

    def tell(self) -> str:
        if self.is_of_arrays and self.old.dtype == self.new.dtype:
            unlike = np.argwhere(self.old != self.new)
            first = f"{len(unlike):,} of {self.old.size:,} numbers, the first at {unlike[:1].tolist()}"
            return f"{self.item}: {self.part}: {first}"
        sides = (_shorten(side) for side in (self.old, self.new))
        return f"{self.item}: {self.part}: " + " in OLD, ".join(sides) + " in NEW"


def _shorten(side: Any) -> str:
    return f"{side.dtype} {list(side.shape)}" if isinstance(side, np.ndarray) else repr(side)[:80]


def list_items(root: Path, renames: Renames) -> dict[str, Items]:
    """Everything that is compared, by kind."""
    items: dict[str, Items] = {}
    for path in sorted(root.rglob("*.*")):
        name = renames.name_path(path.relative_to(root).as_posix())
        kind = next((kind for pattern, kind in KIND_BY_PATTERN.items() if fnmatch(name, pattern)), None)
        if kind is None:
            continue
        of_kind, read = items.setdefault(kind, {}), read_json if path.suffix == ".json" else read_tensors
        if path.suffix == ".parquet":
            of_kind |= list_rows(path, renames)
        else:
            of_kind[name] = partial(read, path)
    return items


def list_rows(path: Path, renames: Renames) -> Items:
    """Rows of metrics by all that says what they are of; of equal ones, by their order."""
    rows: Items = {}
    seen: Counter[str] = Counter()
    for row in pq.read_table(path, partitioning=None).to_pylist():
        named = {renames.name_column(column): value for column, value in row.items() if column not in STAMPS}
        named.pop(None, None)
        of = {column: renames.name_word(column, named[column]) for column in sorted({*named} - MEASURED)}
        if any(of[column] is None and named[column] is not None for column in of):
            continue
        key = ", ".join(f"{column} {value}" for column, value in of.items() if value is not None)
        seen[key] += 1
        measured = {column: value for column, value in named.items() if column in MEASURED}
        rows[f"{key} (again: {seen[key]})" if seen[key] > 1 else key] = partial(dict, measured)
    return rows


def read_json(path: Path) -> Parts:
    return dict(flatten(json.loads(path.read_text(encoding="utf-8"))))


def read_tensors(path: Path) -> Parts:
    """Tensors, and metadata, of which some are JSON."""
    file = open_tensors(path)
    metadata = {name: parse(text) for name, text in file.metadata.items()}
    return dict(flatten(metadata)) | {name: read_tensor(file, name) for name in file.entries}


def read_tensor(file: TensorFile, name: str) -> np.ndarray:
    bits = file.read(name)
    is_bfloat16 = file.entries[name].dtype == "BF16"
    return (bits.astype(np.uint32) << 16).view(np.float32) if is_bfloat16 else bits


def parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def flatten(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and word of nested JSON under the names that lead to it."""
    if isinstance(value, dict) and value:
        for name in sorted(value.keys() - STAMPS):
            yield from flatten(value[name], f"{place}/{name}")
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from flatten(inner, f"{place}/{number}")
    else:
        yield place, value


def is_same(old: Any, new: Any) -> bool:
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        alike = old.dtype == new.dtype and old.shape == new.shape
        return alike and np.array_equal(old.reshape(-1).view(np.uint8), new.reshape(-1).view(np.uint8))
    if isinstance(old, float) and isinstance(new, float):
        return struct.pack("d", old) == struct.pack("d", new)
    return type(old) is type(new) and bool(old == new)


def compare_item(name: str, old: Parts, new: Parts) -> Iterator[Difference]:
    for part in dict.fromkeys([*old, *new]):
        sides = old.get(part, ABSENT), new.get(part, ABSENT)
        if not is_same(*sides):
            yield Difference(name, part, *sides)


def compare_kind(kind: str, old: Items, new: Items, n_shown: int) -> bool:
    """Print what differs; whether nothing does."""
    shared = [name for name in old if name in new]
    found, n_differing, largest = [], 0, 0.0
    for name in shared:
        differences = list(compare_item(name, old[name](), new[name]()))
        n_differing += bool(differences)
        largest = max([largest, *(one.measure() for one in differences)], key=lambda x: (math.isnan(x), x))
        found += [one.tell() for one in differences[: max(n_shown - len(found), 0)]]
    alone = {"OLD": [*old.keys() - new.keys()], "NEW": [*new.keys() - old.keys()]}
    lacking = "".join(f", {len(names):,} only in {side}" for side, names in alone.items() if names)
    print(
        f"{kind:<17}{len(shared):>8,} compared, {n_differing:,} differ{lacking}, "
        f"largest difference {largest:.3g}"
    )
    for side, names in alone.items():
        found += [f"only in {side}: {name}" for name in sorted(names)[:n_shown]]
    for line in found:
        print(f"    {line}")
    return not (n_differing or lacking)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--rename", type=Path, help="JSON: what OLD's words became")
    parser.add_argument("--show", type=int, default=5, help="differences of a kind to show")
    given = parser.parse_args()
    renames = Renames(**json.loads(given.rename.read_text())) if given.rename else Renames()
    old, new = (
        list_items(given.old, renames),
        list_items(given.new, Renames(columns=dict.fromkeys(renames.added))),
    )
    for root, items in ((given.old, old), (given.new, new)):
        if not items:
            parser.error(f"{root} holds no artifacts")
    kinds = [kind for kind in dict.fromkeys(KIND_BY_PATTERN.values()) if kind in {*old, *new}]
    same = [compare_kind(kind, old.get(kind, {}), new.get(kind, {}), given.show) for kind in kinds]
    sys.exit(not all(same))


if __name__ == "__main__":
    main()
