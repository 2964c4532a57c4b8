"""The Parquet file of one experiment's numbers."""

import itertools
import json
import math
import re
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polysteer.artifacts import atomic_path
from polysteer.checksums import KEY as KEY_OF_CHECKSUM
from polysteer.checksums import UNSEALED, hash_content, refuse_other, seal
from polysteer.errors import ArtifactError
from polysteer.store.columns import CHOICES, KEY, REMEDY, SCHEMA
from polysteer.store.making import Making, write_canonically
from polysteer.store.rows import ChoiceRow, MetricRow, Row, layer_depth

CHOICES_KEY = "choices"
_SEAL = re.compile(rb"sha256..([0-9a-f]{64})", re.DOTALL)  # as a footer has it: two bytes between


def write_metrics(path: Path, rows: Iterable[Row], *, making: Making | None = None) -> None:
    """Write numbers as one Parquet file, and in its metadata the choices and how they were made.

    The same rows, in whatever order they come, give the same bytes.
    """
    rows = list(rows)
    ordered = sorted((row for row in rows if isinstance(row, MetricRow)), key=_sort_key)
    for row in ordered:
        _check(row, path)
    for row, following in itertools.pairwise(ordered):
        if row.key == following.key:
            raise ArtifactError(
                f"two rows for {path} are of the same thing: {_describe(row)}; write each once"
            )
    columns = {name: [getattr(row, name) for row in ordered] for name in SCHEMA.names}
    choices = sorted(write_canonically(row.record()) for row in rows if isinstance(row, ChoiceRow))
    metadata = {CHOICES_KEY: f"[{','.join(choices)}]"} | (making.write_metadata() if making else {})
    schema = SCHEMA.with_metadata(metadata)
    with atomic_path(path) as temporary:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            writer.write_table(pa.table(columns, schema=schema))
            writer.add_key_value_metadata({KEY_OF_CHECKSUM: UNSEALED})
        seal(temporary, temporary.read_bytes().rindex(UNSEALED.encode()))


def check_content(content: bytes, path: Path) -> None:
    """Refuse a file of metrics unless it is what was written; nothing is parsed before that."""
    seals = list(_SEAL.finditer(content))
    if not seals:
        raise ArtifactError(
            f"{path} has no checksum, as earlier versions wrote it or damage left it; {REMEDY}"
        )
    recorded, found = seals[-1][1].decode(), hash_content(content, seals[-1].start(1))
    refuse_other(path, recorded, found, remedy=REMEDY)


def read_choices(schema: pa.Schema, path: Path) -> pa.Table:
    """What a file says was chosen; nothing where it says nothing of it."""
    text = (schema.metadata or {}).get(CHOICES_KEY.encode(), b"[]")
    try:
        return pa.Table.from_pylist(json.loads(text), schema=CHOICES)
    except (ValueError, TypeError, pa.ArrowException) as error:
        raise ArtifactError(f"{path} does not say what was chosen ({error}); {REMEDY}") from error


def _sort_key(row: MetricRow) -> tuple[tuple[bool, Any], ...]:
    return tuple(
        (value is not None, layer_depth(row.layer) if name == "layer" else value)
        for name, value in zip(KEY, row.key, strict=True)
    )


def _check(row: MetricRow, path: Path) -> None:
    if not row.metric or math.isnan(row.value):
        raise ArtifactError(f"a row for {path} lacks its metric or its value: {_describe(row)}")


def _describe(row: MetricRow) -> str:
    given = {field.name: getattr(row, field.name) for field in fields(row)}
    return ", ".join(f"{name} {value}" for name, value in given.items() if value not in (None, ""))
