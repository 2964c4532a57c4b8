"""`steer corpus [EXPERIMENT]` reads the text; `steer corpus inspect EXPERIMENT` only shows what it holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polysteer.cli import pipeline
from polysteer.cli.options import (
    DEFAULT_ARTIFACTS,
    DEFAULT_FILE,
    ArtifactsOption,
    FileOption,
    ForceOption,
    JsonOption,
)

if TYPE_CHECKING:
    from polysteer.corpus.inspection import Inspection

INSPECT = "inspect"


def corpus(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[inspect] [EXPERIMENT]", help="Which experiment; all of the file if left out."
        ),
    ] = None,
    as_json: JsonOption = False,
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
    force: ForceOption = False,
) -> None:
    """Read and split the text; with `inspect`, only show what it holds."""
    given = words or []
    if given[:1] == [INSPECT] and len(given) == 2:
        _inspect(given[1], file, as_json=as_json)
    elif len(given) <= 1 and not as_json and given != [INSPECT]:
        pipeline.run_stages(("corpus",), given[0] if given else None, file, artifacts, force=force)
    else:
        raise typer.BadParameter(
            "write 'steer corpus [EXPERIMENT]' or 'steer corpus inspect EXPERIMENT [--json]'"
        )


def _inspect(experiment: str, file: Path, *, as_json: bool) -> None:
    import json

    from polysteer.config import load_experiments
    from polysteer.config.experiments import find_experiment
    from polysteer.corpus.inspection import inspect_corpus
    from polysteer.corpus.sources import read_corpus
    from polysteer.models.source import find_source, load_tokenizer

    settings = find_experiment(load_experiments(file), experiment, file)
    text = read_corpus(settings.corpus)
    model = settings.model
    source = find_source(model.id, revision=model.revision, trust_remote_code=model.trust_remote_code)
    found = inspect_corpus(text, load_tokenizer(source))
    if as_json:
        print(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
    else:
        _print(found)


def _print(found: "Inspection") -> None:
    from rich.console import Console

    from polysteer.cli.corpus_tables import draw_inspection

    Console(highlight=False, markup=False, emoji=False).print(draw_inspection(found))
