"""`steer models inspect`: what a model is and what it would take, before its weights are loaded."""

from typing import Annotated

import typer

from polysteer.cli.groups import take_groups
from polysteer.cli.model_options import Dtype, ModelArgument, ModelOptions
from polysteer.cli.options import JsonOption
from polysteer.cli.sheets import print_found

app = typer.Typer(help="Look at models.", no_args_is_help=True)


@app.command("inspect")
@take_groups
def inspect(
    model: ModelArgument,
    *,
    json: JsonOption = False,
    sentences: Annotated[
        int, typer.Option("--sentences", min=1, help="Per language, of what `collect` would write.")
    ] = 1000,
    collect_sites: Annotated[
        str | None, typer.Option("--collect", help="Sites or a preset for that, with commas between.")
    ] = None,
    looking: ModelOptions,
    dtype: Annotated[Dtype, typer.Option("--dtype", help="Of the weights.")] = "auto",
) -> None:
    """Show a model's blocks, sites, neurons, tokenizer and needs; only its config and tokenizer are read."""
    from polysteer.cli.model_tables import choose_collected, list_model
    from polysteer.models.inspection import inspect_model

    facts = inspect_model(
        model,
        revision=looking.revision,
        dtype=dtype,
        device=looking.device,
        trust_remote_code=looking.trust_remote_code,
        overrides=looking.read_overrides(),
    )
    collected = choose_collected(facts, collect_sites, sentences)
    print_found({**vars(facts), "collect": collected}, list_model(facts, collected), json=json)
