"""The sites a caller asked for, in every block; a user's own patterns where structure is silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from torch import nn
from transformers import PreTrainedModel

from polysteer.errors import SiteError
from polysteer.models.anatomy import Anatomy, Tap, dissect_model
from polysteer.models.shape import ModelShape
from polysteer.terms import SITES

Overrides = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class SiteMap:
    """For each site and block the columns, one tap after the other, that make up its units."""

    sites: tuple[str, ...]
    n_blocks: int
    taps: Mapping[tuple[str, int], tuple[Tap, ...]]
    width_by_site: Mapping[str, int]

    def module_pattern(self, site: str) -> str:
        """The modules of a site with `*` for the block's number, for people to read."""
        taps = self.taps[site, 0]
        last = self.taps[site, self.n_blocks - 1]
        return ", ".join(_generalise(a.module, b.module) for a, b in zip(taps, last, strict=True))


def find_sites(
    model: PreTrainedModel, sites: Sequence[str], *, overrides: Overrides | None = None
) -> SiteMap:
    """Where the neurons of these sites are in every block.

    An override names a site's module with `*` for the block's number, `transformer.h.*.mlp.c_proj`,
    and takes its output, or its input where `:input` follows (the default of mlp.hidden). Several
    modules make one site, their units one after the other.
    """
    overrides = overrides or {}
    for site in (*sites, *overrides):
        if site not in SITES:
            raise SiteError(f"{site!r} is not a site; there are {', '.join(SITES)}")
    anatomy = dissect_model(model)
    taps: dict[tuple[str, int], tuple[Tap, ...]] = {}
    for site in sites:
        for block in range(len(anatomy.blocks)):
            if site in overrides:
                taps[site, block] = _resolve_override(model, site, overrides[site], block)
            else:
                taps[site, block] = _resolve_found(model, anatomy, site, block)
    widths = {site: _common_width(model, site, taps, len(anatomy.blocks)) for site in sites}
    return SiteMap(tuple(sites), len(anatomy.blocks), taps, widths)


def describe_shape(model: PreTrainedModel, *, overrides: Overrides | None = None) -> ModelShape:
    """The shape a mask has to fit, with every site that this model has."""
    anatomy, own = dissect_model(model), set(overrides or {})
    present = [s for s in SITES if s in own or all(s in block.taps for block in anatomy.blocks)]
    site_map = find_sites(model, present, overrides=overrides)
    return ModelShape(model.config.model_type, len(anatomy.blocks), anatomy.width, site_map.width_by_site)


def explain_absent_sites(model: PreTrainedModel) -> dict[str, str]:
    """Why the sites that this model lacks are not there."""
    absent: dict[str, str] = {}
    for number, block in enumerate(dissect_model(model).blocks):
        for site, reason in block.absent.items():
            absent.setdefault(site, f"block {number}: {reason}")
    return absent


def _resolve_found(model: PreTrainedModel, anatomy: Anatomy, site: str, block: int) -> tuple[Tap, ...]:
    found = anatomy.blocks[block]
    if site not in found.taps:
        raise SiteError(
            f"{type(model).__name__} has no {site} in block {block} ({found.module}): {found.absent[site]}; "
            "where you know better, name its module with `sites:` in experiments.yaml"
        )
    return found.taps[site]


def _resolve_override(
    model: PreTrainedModel, site: str, patterns: str | Sequence[str], block: int
) -> tuple[Tap, ...]:
    taps = []
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        name, _, side = pattern.replace("*", str(block)).partition(":")
        side = side or ("input" if site == "mlp.hidden" else "output")
        if side not in ("input", "output"):
            raise SiteError(f"sites: {site}: {pattern!r} ends in {side!r}; write `:input` or `:output`")
        width = _read_width(model, site, name, side)
        taps.append(Tap(name, _as_side(side), 0, width, 1, is_private=side == "output"))
    return tuple(taps)


def _as_side(side: str) -> Literal["input", "output"]:
    return "input" if side == "input" else "output"


def _read_width(model: PreTrainedModel, site: str, name: str, side: str) -> int:
    try:
        module = model.get_submodule(name)
    except AttributeError as error:
        raise SiteError(
            f"sites: {site}: {type(model).__name__} has no module {name}; compare print(model)"
        ) from error
    width = _linear_width(module, side)
    if width is None:
        raise SiteError(
            f"sites: {site}: {name} is a {type(module).__name__}, of unknown width; name a linear module"
        )
    return width


def _linear_width(module: nn.Module, side: str) -> int | None:
    names = ("in_features", "nx") if side == "input" else ("out_features", "nf")
    sizes = [getattr(module, name, None) for name in names]
    return next((size for size in sizes if isinstance(size, int)), None)


def _common_width(
    model: PreTrainedModel, site: str, taps: Mapping[tuple[str, int], tuple[Tap, ...]], n_blocks: int
) -> int:
    widths = [sum(tap.width for tap in taps[site, block]) for block in range(n_blocks)]
    if len(set(widths)) != 1:
        raise SiteError(
            f"{type(model).__name__}: {site} is not equally wide in every block ({widths}); "
            "masks need one width per site, so choose another site"
        )
    return widths[0]


def _generalise(first: str, last: str) -> str:
    pairs = zip(first.split("."), last.split("."), strict=True)
    return ".".join(a if a == b else "*" for a, b in pairs)
