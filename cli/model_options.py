"""Arguments and options of commands that look at or load a model, and what they mean to the library."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from polysteer.cli.progress import tell
from polysteer.errors import ConfigError

if TYPE_CHECKING:
    from polysteer.masks.chosen import ChosenSettings
    from polysteer.masks.files import AnyMask

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="A hub id, a folder, or builtin.")]
RevisionOption = Annotated[
    str | None, typer.Option("--revision", help="A branch, tag or commit of the hub; a step of builtin.")
]
Dtype = Literal["auto", "float32", "float16", "bfloat16"]
DtypeOption = Annotated[Dtype, typer.Option("--dtype", help="Of the weights.")]
ChosenDtypeOption = Annotated[
    Dtype | None,
    typer.Option("--dtype", help="Of the weights; left out: as the mask was chosen, else auto."),
]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
DeviceMapOption = Annotated[
    str | None, typer.Option("--device-map", help="auto: spread a large model over all devices.")
]
TrustOption = Annotated[
    bool, typer.Option("--trust-remote-code", help="Run the code that comes with the model.")
]
PickleOption = Annotated[
    bool, typer.Option("--allow-pickle", help="Load pickled weights where there are no safetensors.")
]
SiteOption = Annotated[
    list[str] | None,
    typer.Option(
        "--site",
        metavar="SITE=MODULE",
        help="Where a site is, if structure does not tell; may be repeated.",
    ),
]
_AS_CHOSEN = "left out: as the mask was chosen"
StrengthOption = Annotated[
    float | None,
    typer.Option("--strength", help=f"From 0, no change, to 1, all of it; {_AS_CHOSEN}, else 1."),
]
WhereOption = Annotated[
    Literal["real", "last", "all"] | None,
    typer.Option("--where", help=f"The tokens that are changed; {_AS_CHOSEN}, else real."),
]
InterventionOption = Annotated[
    str | None, typer.Option("--intervention", help="set or ablate; left out: what the mask was made for.")
]


def parse_overrides(given: Sequence[str] | None) -> dict[str, list[str]]:
    """`--site` options by site; a site that is given several times has several modules, in order."""
    overrides: dict[str, list[str]] = {}
    for text in given or ():
        site, equals, module = text.partition("=")
        if not (site and equals and module):
            raise ConfigError(f"--site {text!r} is not SITE=MODULE, as in mlp.out=model.layers.*.mlp.c_proj")
        overrides.setdefault(site, []).append(module)
    return overrides


def settle_on_mask(
    mask: "AnyMask | None", given: Mapping[str, object], *, intervention: str | None
) -> "ChosenSettings":
    """The options that were given, and else what the mask was chosen with, which is told.

    What the mask cannot do is refused now, before a model is loaded.
    """
    from polysteer.masks.chosen import settle

    chosen = mask.chosen if mask else None
    settled = settle(chosen, **given)
    if mask:
        mask.edits(intervention=intervention, strength=settled.strength)
    taken = [name for name, value in given.items() if value is None]
    if chosen and taken:
        tell(f"{chosen.tell(*taken)}: as chosen")
    return settled
