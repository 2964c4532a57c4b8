"""How an experiment's numbers were made: kept in its Parquet file, and as a row of the database."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from polysteer.errors import ArtifactError

METADATA_KEY = "polysteer"


@dataclass(frozen=True, kw_only=True)
class Making:
    """Every setting as JSON has it; in words the text and what acts in the model; `texts` by fingerprint."""

    settings: Mapping[str, Any]
    corpus: str
    texts: Mapping[str, str]
    steering: str
    polysteer: str

    def write_metadata(self) -> dict[str, str]:
        """For a Parquet file; equal settings are equal bytes."""
        return {METADATA_KEY: write_canonically(asdict(self))}


def read_making(schema: pa.Schema, path: Path) -> Making | None:
    """What a Parquet file says of it; None where it says nothing."""
    text = (schema.metadata or {}).get(METADATA_KEY.encode())
    if text is None:
        return None
    try:
        return Making(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise ArtifactError(
            f"{path} does not say with which settings its numbers were made ({error}); "
            "run `steer evaluate` again"
        ) from error


def write_canonically(value: object) -> str:
    """JSON that is the same text for the same content."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
