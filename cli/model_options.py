"""Arguments and options of commands that look at or load a model, and what they mean to the library."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from polysteer.cli.stderr import tell
from polysteer.errors import ConfigError

if TYPE_CHECKING:
    from polysteer.masks.chosen import ChosenSettings
    from polysteer.masks.files import AnyMask
    from polysteer.models.loading import LoadedModel

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="A hub id, a folder, or builtin.")]
Dtype = Literal["auto", "float32", "float16", "bfloat16"]
_AS_CHOSEN = "left out: as the mask was chosen"


@dataclass(frozen=True)
class ModelOptions:
    """How a model is found and looked at."""

    revision: Annotated[
        str | None, typer.Option("--revision", help="A branch, tag or commit of the hub; a step of builtin.")
    ] = None
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")] = "auto"
    site: Annotated[
        list[str] | None,
        typer.Option(
            "--site",
            metavar="SITE=MODULE",
            help="Where a site is, if structure does not tell; may be repeated.",
        ),
    ] = None
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Run the code that comes with the model.")
    ] = False

    def read_overrides(self) -> dict[str, list[str]]:
        """Modules by site; a site that is given several times has several, in order."""
        overrides: dict[str, list[str]] = {}
        for text in self.site or ():
            site, equals, module = text.partition("=")
            if not (site and equals and module):
                raise ConfigError(
                    f"--site {text!r} is not SITE=MODULE, as in mlp.out=model.layers.*.mlp.c_proj"
                )
            overrides.setdefault(site, []).append(module)
        return overrides


@dataclass(frozen=True)
class LoadOptions(ModelOptions):
    """How its weights are loaded, too."""

    dtype: Annotated[
        Dtype | None, typer.Option("--dtype", help=f"Of the weights; {_AS_CHOSEN}, else auto.")
    ] = None
    device_map: Annotated[
        str | None, typer.Option("--device-map", help="auto: spread a large model over all devices.")
    ] = None
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Load pickled weights where there are no safetensors.")
    ] = False

    def load(self, model: str, settled: "ChosenSettings") -> "LoadedModel":
        """The model, in the precision that was settled on."""
        from polysteer.models.loading import load_model

        return load_model(
            model,
            revision=self.revision,
            dtype=settled.dtype,
            device=self.device,
            device_map=self.device_map,
            trust_remote_code=self.trust_remote_code,
            allow_pickle=self.allow_pickle,
        )


@dataclass(frozen=True)
class SteeringOptions:
    """What a mask does to a model."""

    strength: Annotated[
        float | None,
        typer.Option("--strength", help=f"From 0, no change, to 1, all of it; {_AS_CHOSEN}, else 1."),
    ] = None
    intervention: Annotated[
        str | None,
        typer.Option("--intervention", help="set or ablate; left out: what the mask was made for."),
    ] = None
    where: Annotated[
        Literal["real", "last", "all"] | None,
        typer.Option("--where", help=f"The tokens that are changed; {_AS_CHOSEN}, else real."),
    ] = None

    def settle(self, mask: "AnyMask | None", **others: object) -> "ChosenSettings":
        """The options that were given, and else what the mask was chosen with, which is told.

        What the mask cannot do is refused now, before a model is loaded.
        """
        from polysteer.masks.chosen import settle

        given = {"strength": self.strength, "where": self.where, **others}
        chosen = mask.chosen if mask else None
        settled = settle(chosen, **given)
        if mask:
            mask.edits(intervention=self.intervention, strength=settled.strength)
        taken = [name for name, value in given.items() if value is None]
        if chosen and taken:
            tell(f"{chosen.tell(*taken)}: as chosen")
        return settled
