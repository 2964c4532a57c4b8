"""`steer run` and one command per stage: the pipeline, with or without DVC."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from polysteer.cli.options import (
    DEFAULT_ARTIFACTS,
    DEFAULT_FILE,
    ArtifactsOption,
    ExperimentArgument,
    FileOption,
    ForceOption,
)
from polysteer.cli.progress import show_progress, tell

if TYPE_CHECKING:
    from polysteer.stages.run import Run

STAGES = ("settings", "corpus", "collect", "rank", "embed", "evaluate")
NEEDING_MODEL = {"settings", "collect", "embed"}  # settings checks what the others need


def run(
    experiment: ExperimentArgument = None,
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
    force: ForceOption = False,
) -> None:
    """Run the whole pipeline; finished parts are kept."""
    run_stages(STAGES, experiment, file, artifacts, force=force)
    store(file, artifacts)


def settings(
    experiment: ExperimentArgument = None,
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
) -> None:
    """Check the experiments file and write every setting out, defaults too."""
    run_stages(("settings",), experiment, file, artifacts)


def collect(
    experiment: ExperimentArgument = None,
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
    force: ForceOption = False,
) -> None:
    """Record the neurons' responses while the model reads."""
    run_stages(("collect",), experiment, file, artifacts, force=force)


def rank(
    experiment: ExperimentArgument = None,
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
    force: ForceOption = False,
) -> None:
    """Score neurons and write the masks of the experts."""
    run_stages(("rank",), experiment, file, artifacts, force=force)


def embed(
    experiment: ExperimentArgument = None,
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
    force: ForceOption = False,
) -> None:
    """Embed text under every mask and choose on dev."""
    run_stages(("embed",), experiment, file, artifacts, force=force)


def evaluate(
    experiment: ExperimentArgument = None,
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
    force: ForceOption = False,
) -> None:
    """Turn vectors into metrics with intervals."""
    run_stages(("evaluate",), experiment, file, artifacts, force=force)


def store(
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
    _force: ForceOption = False,  # it reads nothing of what it made before
) -> None:
    """Build the metrics database from every experiment's metrics."""
    from polysteer.config import load_experiments
    from polysteer.layout import Layout
    from polysteer.stages.store import build_store

    outcome = _timed("all", "store", lambda: build_store(load_experiments(file), Layout(artifacts)))
    tell(outcome)


def run_stages(
    stages: tuple[str, ...], experiment: str | None, file: Path, artifacts: Path, *, force: bool = False
) -> None:
    """Some stages of one experiment, or of every experiment in the file."""
    from polysteer.config import load_experiments
    from polysteer.config.experiments import find_experiment
    from polysteer.layout import Layout
    from polysteer.stages.checks import check_experiments
    from polysteer.stages.run import Run

    experiments = load_experiments(file)
    names = list(experiments.experiments) if experiment is None else [experiment]
    settings_by_name = {name: find_experiment(experiments, name, file) for name in names}
    check_experiments(settings_by_name, file, fetch=not NEEDING_MODEL.isdisjoint(stages))
    runs = [
        Run(name, settings, Layout(artifacts).experiment(name)) for name, settings in settings_by_name.items()
    ]
    if force:
        _forget(runs, stages)
    for run in runs:
        for stage in stages:
            with show_progress(f"{run.name} {stage}") as progress:
                perform = import_module(f"polysteer.stages.{stage}").perform
                line = _timed(run.name, stage, partial(perform, replace(run, progress=progress)))
            tell(line)


def _forget(runs: "list[Run]", stages: tuple[str, ...]) -> None:
    from polysteer.stages.forcing import forget

    for run in runs:
        forget(run, stages)


def _timed(name: str, stage: str, perform: Callable[[], str]) -> str:
    started = time.perf_counter()
    outcome = perform()
    return f"{name:<12} {stage:<9} {outcome}  ({time.perf_counter() - started:.1f} s)"
