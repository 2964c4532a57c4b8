"""Arguments and options that several commands share."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from polysteer.cli.location import find_project

if TYPE_CHECKING:
    from polysteer.config import Experiment, Experiments
    from polysteer.layout import Layout

OneExperimentArgument = Annotated[
    str | None, typer.Argument(metavar="[EXPERIMENT]", help="Which experiment; the only one if left out.")
]
ExperimentArgument = Annotated[
    str | None, typer.Argument(metavar="[EXPERIMENT]", help="Which experiment; all of the file if left out.")
]
ExperimentOption = Annotated[str | None, typer.Option("--experiment", "-e", help="One experiment.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Make everything anew, whatever is finished; without it, go on.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Format = Literal["table", "json", "csv", "markdown"]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the answer.")]


def complete_metric(begun: str) -> list[str]:
    """The metrics whose names begin so."""
    from polysteer.metrics.registry import METRICS

    return [name for name in METRICS if name.startswith(begun)]


def check_out(path: Path | None) -> Path | None:
    """Of `--out`: a new file takes the place of an old one, never of a folder or a device like /dev/null."""
    if path is not None and path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a device"
        raise typer.BadParameter(f"{path} is {kind}; name a file")
    return path


@dataclass(frozen=True)
class ExperimentsFile:
    """What to run."""

    file: Annotated[
        Path,
        typer.Option(
            "--file",
            "-f",
            callback=find_project,
            help="The experiments file; by default the nearest, here or in a folder above.",
        ),
    ] = Path("experiments.yaml")

    def load(self) -> "Experiments":
        """What the file says."""
        from polysteer.config import load_experiments

        return load_experiments(self.file)

    def find_one(self, asked: str | None) -> "tuple[str, Experiment]":
        """The experiment that was asked for, or the only one."""
        from polysteer.config.experiments import find_experiment, name_one

        experiments = self.load()
        name = name_one(experiments, asked, self.file)
        return name, find_experiment(experiments, name, self.file)


@dataclass(frozen=True)
class Project(ExperimentsFile):
    """The experiments file, and the folder of what was made of it."""

    artifacts: Annotated[
        Path, typer.Option("--artifacts", "-a", file_okay=False, help="The folder of artifacts.")
    ] = Path("artifacts")

    @property
    def layout(self) -> "Layout":
        """Where things are in the folder."""
        from polysteer.layout import Layout

        return Layout(self.artifacts)
