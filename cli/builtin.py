"""`steer builtin train`: make the built-in model anew."""

from pathlib import Path
from typing import Annotated

import typer

from polysteer.cli.stderr import show_progress, tell

app = typer.Typer(help="The model that comes with the package.", no_args_is_help=True)


@app.command("train")
def train(
    folder: Annotated[Path, typer.Argument(help="Where to write the revisions and the card.")],
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, max=2**63 - 1, help="Of the documents, the first weights and the order."
        ),
    ] = 0,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, max=1_000_000, help="Fewer or more steps than the shipped run."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=4096, help="Processor threads to use.")
    ] = None,
) -> None:
    """Train the built-in model; stopped and run again, it goes on and ends in the same bytes."""
    import torch

    from polysteer.builtin.model.recipe import train_builtin
    from polysteer.builtin.model.training_plan import TrainingPlan

    if threads is not None:
        torch.set_num_threads(threads)
    plan = TrainingPlan(seed=seed) if steps is None else TrainingPlan(seed=seed, n_steps=steps)
    with show_progress("builtin") as progress:
        trained = train_builtin(plan, folder, command=_command(seed, steps, threads), progress=progress)
    tell(f"{folder}: {plan.n_steps} steps, {'trained' if trained else 'was already trained'}")


def _command(seed: int, steps: int | None, threads: int | None) -> str:
    options = {"seed": seed, "steps": steps, "threads": threads}
    given = [f"--{name} {value}" for name, value in options.items() if value is not None]
    return " ".join(["steer builtin train", *given, "FOLDER"])
