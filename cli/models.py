"""`steer models inspect`: what a model is and what it would take, before its weights are loaded."""

from typing import Annotated

import typer

from polysteer.cli.model_options import (
    DeviceOption,
    DtypeOption,
    ModelArgument,
    RevisionOption,
    SiteOption,
    TrustOption,
    parse_overrides,
)
from polysteer.cli.options import JsonOption
from polysteer.cli.output import print_json, print_table

app = typer.Typer(help="Look at models.", no_args_is_help=True)


@app.callback()
def models() -> None:
    """Look at models."""


@app.command("inspect")
def inspect(
    model: ModelArgument,
    json: JsonOption = False,
    sentences: Annotated[
        int, typer.Option("--sentences", min=1, help="Per language, of what `collect` would write.")
    ] = 1000,
    collect_sites: Annotated[
        str | None, typer.Option("--collect", help="Sites or a preset for that, with commas between.")
    ] = None,
    revision: RevisionOption = None,
    dtype: DtypeOption = "auto",
    device: DeviceOption = "auto",
    site: SiteOption = None,
    trust_remote_code: TrustOption = False,
) -> None:
    """Show a model's blocks, sites, neurons, tokenizer and needs; only its config and tokenizer are read."""
    from polysteer.cli.model_tables import choose_collected, draw_model, model_as_json
    from polysteer.models.inspection import inspect_model

    facts = inspect_model(
        model,
        revision=revision,
        dtype=dtype,
        device=device,
        trust_remote_code=trust_remote_code,
        overrides=parse_overrides(site),
    )
    collected = choose_collected(facts, collect_sites, sentences)
    if json:
        print_json(model_as_json(facts, collected))
    else:
        print_table(draw_model(facts, collected))
