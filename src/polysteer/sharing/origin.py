"""What an importer knows of the model that a foreign file is for: at most what the caller says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any, NamedTuple

from polysteer.errors import MaskError
from polysteer.masks.files import AnyMask
from polysteer.masks.mask import ExpertMask
from polysteer.models.shape import ModelShape


class ModuleName(NamedTuple):
    """The module whose output is units of a site, from `first_unit` on; * stands for the block's number."""

    site: str
    first_unit: int
    pattern: str
    width: int | None = None


@dataclass(frozen=True)
class Origin:
    """A model by name; its shape and its modules where its config could be read."""

    model_id: str
    shape: ModelShape | None = None
    modules: tuple[ModuleName, ...] = ()


def read_origin(model_id: str) -> Origin:
    """A model's shape and module names from its config alone: no weights are read."""
    import torch

    from polysteer.models.sites import describe_shape, find_sites
    from polysteer.models.skeleton import build_skeleton
    from polysteer.models.source import find_source, load_config

    source = find_source(model_id)
    model = build_skeleton(source, load_config(source), torch.float32)
    shape = describe_shape(model)
    found = find_sites(model, list(shape.width_by_site))
    modules = []
    for site in found.sites:
        taps, first_unit = found.taps[site, 0], 0
        for tap, pattern in zip(taps, found.module_pattern(site).split(", "), strict=True):
            if (tap.side, tap.start, tap.step) == ("output", 0, 1):
                modules.append(ModuleName(site, first_unit, pattern, tap.width))
            first_unit += tap.width
    return Origin(model_id, shape, tuple(modules))


def attach_origin(mask: ExpertMask, origin: Origin | None) -> ExpertMask:
    """The mask with what is known of its model, after checking that it fits there."""
    if origin is None:
        return mask
    known: dict[str, Any] = {"model_id": origin.model_id}
    shape = origin.shape
    if shape is not None:
        _check_fits(mask, shape, origin.model_id)
        known |= {
            "model_family": shape.family,
            "n_blocks": shape.n_blocks,
            "width_by_site": {site: shape.width_by_site[site] for site in mask.metadata.sites},
            "shape_fingerprint": shape.fingerprint,
        }
    return replace(mask, metadata=mask.metadata.model_copy(update=known))


def check_origin(mask: AnyMask, origin: Origin) -> None:
    """Refuse a mask of another shape of model, its fingerprint included."""
    shape = origin.shape
    if shape is None:
        return
    _check_fits(mask, shape, origin.model_id)
    told = mask.metadata.shape_fingerprint
    if told not in (None, shape.fingerprint):
        raise MaskError(
            f"the file does not fit {origin.model_id}: its shape_fingerprint is {told}, that of the model is "
            f"{shape.fingerprint}; it was made for another model, or by a version that knew other sites"
        )


def describe_import(name: str, kind: str, sites: Sequence[str]) -> dict[str, Any]:
    """The metadata that every imported mask has."""
    return {
        "sites": list(sites),
        "experts": "own",
        "polysteer_version": version("polysteer"),
        "notes": f"imported from {name} ({kind})",
    }


def _check_fits(mask: AnyMask, shape: ModelShape, model_id: str) -> None:
    try:
        mask.check_fits(shape)
    except MaskError as error:
        raise MaskError(f"the file does not fit {model_id}: {error}") from error
