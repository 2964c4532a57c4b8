"""Masks as a plain table, CSV or Parquet: a row per neuron, for spreadsheets, pandas and SQL."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as pa_csv
from pyarrow import parquet

from polysteer.artifacts import atomic_path
from polysteer.errors import MaskError
from polysteer.masks.mask import ExpertMask

SUFFIXES = (".csv", ".parquet")


def export_table(masks: Sequence[ExpertMask], path: Path) -> None:
    """Columns language, site, block, unit, and score and value where a mask has them."""
    if path.suffix not in SUFFIXES:
        raise MaskError(f"a plain table ends in {' or '.join(SUFFIXES)}, not {path.name!r}")
    table = pa.concat_tables([_to_table(mask) for mask in masks], promote_options="default").combine_chunks()
    with atomic_path(path) as temporary:
        if path.suffix == ".csv":
            pa_csv.write_csv(table, temporary)
        else:
            parquet.write_table(table, temporary)


def _to_table(mask: ExpertMask) -> pa.Table:
    site = pa.DictionaryArray.from_arrays(pa.array(mask.site), pa.array(mask.metadata.sites)).cast(
        pa.string()
    )
    columns: dict[str, Any] = {
        "language": pa.array([mask.metadata.language] * len(mask)),
        "site": site,
        **{name: pa.array(array) for name, array in mask.arrays().items() if name != "site"},
    }
    return pa.table(columns)
