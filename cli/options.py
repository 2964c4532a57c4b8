"""Arguments and options that several commands share."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from polysteer.cli.location import find_project

if TYPE_CHECKING:
    from polysteer.config import Experiments
    from polysteer.layout import Layout

OneExperimentArgument = Annotated[
    str | None, typer.Argument(metavar="[EXPERIMENT]", help="Which experiment; the only one if left out.")
]
ExperimentArgument = Annotated[
    str | None, typer.Argument(metavar="[EXPERIMENT]", help="Which experiment; all of the file if left out.")
]
FileOption = Annotated[
    Path,
    typer.Option(
        "--file",
        "-f",
        callback=find_project,
        help="The experiments file; by default the nearest, here or in a folder above.",
    ),
]
ArtifactsOption = Annotated[
    Path, typer.Option("--artifacts", "-a", file_okay=False, help="The folder of artifacts.")
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Make everything anew, whatever is finished; without it, go on.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Format = Literal["table", "json", "csv", "markdown"]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the answer.")]

DEFAULT_FILE = Path("experiments.yaml")
DEFAULT_ARTIFACTS = Path("artifacts")


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
class Project:
    """The experiments file, and the folder of what was made of it."""

    file: FileOption = DEFAULT_FILE
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS

    def load(self) -> "Experiments":
        """What the file says."""
        from polysteer.config import load_experiments

        return load_experiments(self.file)

    @property
    def layout(self) -> "Layout":
        """Where things are in the folder."""
        from polysteer.layout import Layout

        return Layout(self.artifacts)
