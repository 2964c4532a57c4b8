"""One number and all that says what it is of: the row of the metrics table, explained in docs/store.md."""

import itertools
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polysteer.artifacts import atomic_path
from polysteer.checksums import KEY as KEY_OF_CHECKSUM
from polysteer.checksums import UNSEALED, hash_content, refuse_other, seal
from polysteer.errors import ArtifactError
from polysteer.metrics.names import ALL
from polysteer.store.making import Making

_SEAL = re.compile(rb"sha256..([0-9a-f]{64})", re.DOTALL)  # as a footer has it: two bytes between
REMEDY = "run `steer evaluate`, which makes it anew"

BASELINE = "none"
CONTROL = "random"
CENTRED = "centre"
ERASED = "erase"
ERASED_IN_MODEL = "erase_in_model"
RANDOM_SUBSPACE = "random_subspace"
MEAN_DIFFERENCE = "mean_difference"
SURFACE = "surface"
OTHER_MASKS = "other_masks"
MASK_AND_CENTRE = "mask_and_centre"
MASK_AND_ERASE = "mask_and_erase"
ERASED_AT_RANDOM = "erase_at_random"
PROCRUSTES = "procrustes"
CONTRASTIVE = "contrastive"
# What a sweep over experts steers with.
STEERING = ("set", "ablate", "scale", "add", "transport_mean", "transport_gaussian", "transport_linear")

SCHEMA = pa.schema(
    [
        pa.field("experiment", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("revision", pa.string()),
        pa.field("target", pa.string()),
        pa.field("intervention", pa.string(), nullable=False),
        pa.field("strength", pa.float64()),
        pa.field("sites", pa.string()),
        pa.field("response_pooling", pa.string()),
        pa.field("score", pa.string()),
        pa.field("held_statistic", pa.string()),
        pa.field("k", pa.float64()),
        pa.field("draw", pa.int64()),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("reference", pa.string()),
        pa.field("layer", pa.string()),
        pa.field("embedding_pooling", pa.string()),
        pa.field("split", pa.string(), nullable=False),
        pa.field("candidates", pa.int64()),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
        pa.field("n", pa.int64()),
        pa.field("seed", pa.int64()),
        pa.field("fingerprint", pa.string(), nullable=False),
    ]
)
KEY = (*SCHEMA.names[: SCHEMA.names.index("split")], "split")


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """One value. Make one of what all rows of a run share, and the rest from it by `dataclasses.replace`."""

    experiment: str
    model: str
    fingerprint: str
    revision: str | None = None
    target: str | None = None
    intervention: str = BASELINE
    strength: float | None = None
    sites: str | None = None
    response_pooling: str | None = None
    score: str | None = None
    held_statistic: str | None = None
    k: float | None = None
    draw: int | None = None
    metric: str = ""
    source: str | None = ALL
    reference: str | None = ALL
    layer: str | None = None
    embedding_pooling: str | None = None
    split: str = "test"
    candidates: int | None = None
    value: float = math.nan
    ci_low: float | None = None
    ci_high: float | None = None
    n: int | None = None
    seed: int | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What no two rows may share."""
        return tuple(getattr(self, name) for name in KEY)


def write_metrics(path: Path, rows: Iterable[MetricRow], *, making: Making | None = None) -> None:
    """Write rows as one Parquet file, with how they were made.

    The same rows, in whatever order they come, give the same bytes.
    """
    ordered = sorted(rows, key=_sort_key)
    for row in ordered:
        _check(row, path)
    for row, following in itertools.pairwise(ordered):
        if row.key == following.key:
            raise ArtifactError(
                f"two rows for {path} are of the same thing: {_describe(row)}; write each once"
            )
    columns = {name: [getattr(row, name) for row in ordered] for name in SCHEMA.names}
    schema = SCHEMA.with_metadata(making.write_metadata() if making else None)
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


def check_columns(schema: pa.Schema, path: Path) -> None:
    """Refuse a file whose columns are not those of this version."""
    if not schema.equals(SCHEMA):
        differing = sorted(set(map(str, schema)) ^ set(map(str, SCHEMA)))
        raise ArtifactError(
            f"{path} has other columns than this version of polysteer writes "
            f"({', '.join(differing) or 'another order'}); {REMEDY}"
        )


def layer_depth(layer: str | None) -> float:
    """Where a layer stands in the model: none first, then by number, `final` last."""
    if layer is None:
        return -1.0
    return math.inf if layer == "final" else float(layer)


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
