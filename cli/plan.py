"""`steer plan [EXPERIMENT]`: what it will take, before weights are loaded."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from polysteer.cli.groups import take_groups
from polysteer.cli.options import ExperimentsFile, JsonOption, OneExperimentArgument
from polysteer.cli.sheets import print_found
from polysteer.cli.stderr import tell

if TYPE_CHECKING:
    from polysteer.config import Experiment
    from polysteer.corpus.corpus_table import Corpus
    from polysteer.planning import Speed


@take_groups
def plan(
    *,
    experiment: OneExperimentArgument = None,
    tokens_per_second: Annotated[
        float | None, typer.Option("--tokens-per-second", help="A known speed, for the minutes.")
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Load the model and measure its speed here.")
    ] = False,
    json: JsonOption = False,
    source: ExperimentsFile,
) -> None:
    """Count tokens to read, disk, memory and minutes; of the model only its config and tokenizer are read."""
    if measure and tokens_per_second is not None:
        raise typer.BadParameter("give a speed with --tokens-per-second or measure one with --measure")
    if tokens_per_second is not None and not 0 < tokens_per_second < math.inf:
        raise typer.BadParameter("--tokens-per-second must be above 0, and a number")
    from polysteer.cli.plan_tables import list_plan
    from polysteer.corpus.joining import read_corpus
    from polysteer.planning import Speed, plan_experiment
    from polysteer.stages.checks import check_experiments

    name, settings = source.find_one(experiment)
    check_experiments({name: settings}, source.file, fetch=True)
    corpus = read_corpus(settings.corpus)
    planned = plan_experiment(settings, corpus)
    speed = Speed(tokens_per_second, tokens_per_second) if tokens_per_second else None
    if measure:
        speed = _measure(settings, corpus)
    print_found(planned.to_json(speed), list_plan(planned, speed), json=json)
    if speed is None and not json:
        tell("minutes need a speed: --measure, or --tokens-per-second N")


def _measure(settings: "Experiment", corpus: "Corpus") -> "Speed":
    from polysteer.models.loading import load_model
    from polysteer.planning import measure_speed

    model = settings.model
    return measure_speed(load_model(model.id, **model.model_dump(exclude={"id", "sites"})), corpus, settings)
