"""The columns of the two tables that an experiment's file fills: metrics and choices."""

from pathlib import Path

import pyarrow as pa

from polysteer.errors import ArtifactError

REMEDY = "run `steer evaluate`, which makes it anew"

SCHEMA = pa.schema(
    [
        pa.field("experiment", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("revision", pa.string()),
        pa.field("target", pa.string()),
        pa.field("arm", pa.string(), nullable=False),
        pa.field("intervention", pa.string()),
        pa.field("strength", pa.float64()),
        pa.field("sites", pa.string()),
        pa.field("response_pooling", pa.string()),
        pa.field("score", pa.string()),
        pa.field("value_statistic", pa.string()),
        pa.field("k", pa.float64()),
        pa.field("draw", pa.int64()),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("reference", pa.string()),
        pa.field("layer", pa.string()),
        pa.field("embedding_pooling", pa.string()),
        pa.field("view", pa.string()),
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
# What says which arm a number is of, and which point of it.
CONFIGURATION = KEY[: KEY.index("metric")]
CHOICES = pa.schema(
    [
        *(SCHEMA.field(name) for name in CONFIGURATION),
        pa.field("view", pa.string(), nullable=False),
        pa.field("layer", pa.string()),
        pa.field("within_budget", pa.bool_(), nullable=False),
    ]
)


def check_columns(schema: pa.Schema, path: Path) -> None:
    """Refuse a file whose columns are not those of this version."""
    if not schema.equals(SCHEMA):
        differing = sorted(set(map(str, schema)) ^ set(map(str, SCHEMA)))
        raise ArtifactError(
            f"{path} has other columns than this version of polysteer writes "
            f"({', '.join(differing) or 'another order'}); {REMEDY}"
        )
