"""Arguments and options of commands that look at or load a model, and what they mean to the library."""

from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from polysteer.errors import ConfigError

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="A hub id, a folder, or builtin.")]
RevisionOption = Annotated[
    str | None, typer.Option("--revision", help="A branch, tag or commit of the hub; a step of builtin.")
]
DtypeOption = Annotated[
    Literal["auto", "float32", "float16", "bfloat16"], typer.Option("--dtype", help="Of the weights.")
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
StrengthOption = Annotated[float, typer.Option("--strength", help="From 0, no change, to 1, all of it.")]
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
