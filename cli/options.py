"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

ExperimentArgument = Annotated[
    str | None, typer.Argument(metavar="[EXPERIMENT]", help="Which experiment; all of the file if left out.")
]
FileOption = Annotated[Path, typer.Option("--file", "-f", help="The experiments file.")]
ArtifactsOption = Annotated[Path, typer.Option("--artifacts", "-a", help="The folder of artifacts.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Make everything anew, whatever is finished; without it, go on.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Format = Literal["table", "json", "csv", "markdown"]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the answer.")]

DEFAULT_FILE = Path("experiments.yaml")
DEFAULT_ARTIFACTS = Path("artifacts")
