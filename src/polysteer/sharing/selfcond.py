"""Expertise tables of ml-selfcond, `expertise.csv`: a row per unit with its AP and the values to force."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as pa_csv

from polysteer.artifacts import atomic_path
from polysteer.errors import MaskError
from polysteer.masks.mask import ExpertMask
from polysteer.masks.metadata import MaskMetadata
from polysteer.ranking.selection import select_own
from polysteer.sharing.origin import ModuleName, Origin, attach_origin, describe_import

GPT2_MODULES = (
    ModuleName("attn.qkv", 0, "transformer.h.*.attn.c_attn"),
    ModuleName("attn.out", 0, "transformer.h.*.attn.c_proj"),
    ModuleName("mlp.up", 0, "transformer.h.*.mlp.c_fc"),
    ModuleName("mlp.out", 0, "transformer.h.*.mlp.c_proj"),
)
"""The layers that ml-selfcond looks for; it knows GPT-2 alone."""

STATISTIC_BY_COLUMN = {"on_p50": "pooled_median", "on_p90": "pooled_p90"}
_MOST_UNITS = np.iinfo(np.int32).max
_COLUMNS = {"layer": pa.string(), "unit": pa.uint32(), "ap": pa.float32()}


class _Place(NamedTuple):
    site: str
    block: int
    first_unit: int
    n_units: int


def import_expertise(
    path: Path,
    language: str,
    *,
    k: float | None = None,
    value_column: str = "on_p50",
    origin: Origin | None = None,
) -> ExpertMask:
    """The k best units by AP (below 1 a share of the rows, else a count), or all rows of the file.

    A table without forcing values gives a mask to ablate with. Layers have GPT-2's names unless the origin
    says otherwise.
    """
    table = _read_table(path, value_column)
    modules = origin.modules if origin and origin.modules else GPT2_MODULES
    site, block, unit, sites = _find_addresses(path, table, modules)
    order = np.lexsort((unit, block, site))
    score = table["ap"].to_numpy()[order]
    if not np.isfinite(score).all():
        raise MaskError(f"{path} has rows whose ap is not a number; make the table again")
    chosen = order if k is None else order[select_own(score, k)]
    held = table[value_column].to_numpy()[chosen] if value_column in table.column_names else None
    metadata = MaskMetadata(
        language=language,
        intervention="ablate" if held is None else "set",
        score="ap",
        k=k,
        value_statistic=None if held is None else STATISTIC_BY_COLUMN.get(value_column, value_column),
        **describe_import(path.name, "ml-selfcond expertise", sites),
    )
    try:
        mask = ExpertMask(
            metadata, site[chosen], block[chosen], unit[chosen], table["ap"].to_numpy()[chosen], held
        )
    except MaskError as error:
        raise MaskError(f"{path} cannot be used: {error}") from error
    return attach_origin(mask, origin)


def export_expertise(mask: ExpertMask, path: Path, *, modules: Sequence[ModuleName] = ()) -> None:
    """Write the mask's neurons as a table; a value stands in the column of its statistic.

    Without `modules` the layers get GPT-2's names, so the mask has to be one of a GPT-2.
    """
    known = mask.metadata
    if known.score != "ap" or mask.score is None:
        raise MaskError(
            f"ml-selfcond ranks units by ap, this mask has {known.score or 'no scores'}; "
            "export a plain table instead"
        )
    if not modules and known.model_family not in (None, "gpt2"):
        raise MaskError(
            f"layers of ml-selfcond have module names, and those of {known.model_family} are not known here; "
            "name the model with --model"
        )
    columns: dict[str, Any] = {"ap": mask.score}
    if mask.value is not None:
        unknown = np.full(len(mask), None)
        columns |= {"off_mean": unknown, "on_p50": unknown, "on_p90": unknown}
        columns[_column_of(known.value_statistic)] = mask.value
    columns["layer"], columns["unit"] = _name_layers(mask, modules or GPT2_MODULES)
    columns["uuid"] = np.arange(len(mask))
    columns["concept"], columns["group"] = [known.language] * len(mask), ["language"] * len(mask)
    with atomic_path(path) as temporary:
        pa_csv.write_csv(pa.table(columns), temporary)


def _read_table(path: Path, value_column: str) -> pa.Table:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header = next(csv.reader(file), [])
        missing = [name for name in _COLUMNS if name not in header]
        if missing:
            raise MaskError(
                f"{path} has no column {missing[0]!r}, so it is no expertise table of ml-selfcond"
            )
        if value_column not in header and "on_p50" in header:
            raise MaskError(
                f"{path} has no column {value_column!r} to hold neurons at; it has {', '.join(header)}"
            )
        wanted = _COLUMNS | ({value_column: pa.float32()} if value_column in header else {})
        wanted |= {"concept": pa.string()} if "concept" in header else {}
        options = pa_csv.ConvertOptions(column_types=wanted, include_columns=list(wanted), null_values=[""])
        table = pa_csv.read_csv(path, convert_options=options)
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise MaskError(f"{path} cannot be read as a table: {error}") from error
    gaps = [name for name in table.column_names if name != "concept" and table[name].null_count]
    if gaps or not len(table):
        raise MaskError(f"{path} has rows without {gaps[0]}" if gaps else f"{path} has no rows")
    concepts = table["concept"].unique().to_pylist() if "concept" in table.column_names else []
    if len(concepts) > 1:
        raise MaskError(f"{path} mixes the concepts {concepts[:3]}; give one table per language")
    return table


def _find_addresses(
    path: Path, table: pa.Table, modules: Sequence[ModuleName]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32], npt.NDArray[np.int32], list[str]]:
    layers = table["layer"].combine_chunks().dictionary_encode()
    places = [_find_place(path, name, modules) for name in layers.dictionary.to_pylist()]
    sites = [
        site for site in dict.fromkeys(module.site for module in modules) if site in {p.site for p in places}
    ]
    row = layers.indices.to_numpy()
    site = np.array([sites.index(place.site) for place in places], np.uint8)[row]
    block = np.array([place.block for place in places], np.int32)[row]
    own_unit = table["unit"].to_numpy()
    n_units = np.array([place.n_units for place in places])[row]
    if (own_unit >= n_units).any():
        wrong = int(np.argmax(own_unit >= n_units))
        raise MaskError(
            f"{path} names unit {own_unit[wrong]} of {table['layer'][wrong]}, "
            f"which has {n_units[wrong]} units"
        )
    unit = own_unit + np.array([place.first_unit for place in places], np.int64)[row]
    return site, block, unit.astype(np.int32), sites


def _find_place(path: Path, layer: str, modules: Sequence[ModuleName]) -> _Place:
    for module in modules:
        pattern = re.escape(module.pattern).replace(r"\*", "([0-9]{1,6})")
        match = re.fullmatch(f"{pattern}(:0)?", layer)
        if match:
            return _Place(module.site, int(match[1]), module.first_unit, module.width or _MOST_UNITS)
    raise MaskError(
        f"{path} names the layer {layer!r}; known are {', '.join(module.pattern for module in modules)}; "
        "for another model than GPT-2 name it with --model"
    )


def _name_layers(mask: ExpertMask, modules: Sequence[ModuleName]) -> tuple[list[str], npt.NDArray[np.int64]]:
    layers, units = [], np.empty(len(mask), np.int64)
    for row, (site, block, unit) in enumerate(zip(mask.site, mask.block, mask.unit.tolist(), strict=True)):
        name = mask.metadata.sites[site]
        module = max(
            (module for module in modules if module.site == name and module.first_unit <= unit),
            key=lambda module: module.first_unit,
            default=None,
        )
        if module is None:
            raise MaskError(f"{name} is no output of a module of its own, so ml-selfcond has no name for it")
        layers.append(f"{module.pattern.replace('*', str(block))}:0")
        units[row] = unit - module.first_unit
    return layers, units


def _column_of(statistic: str | None) -> str:
    columns = {name: column for column, name in STATISTIC_BY_COLUMN.items()}
    return columns.get(statistic or "", statistic or "value")
