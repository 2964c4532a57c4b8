"""`steer corpus [EXPERIMENT]` reads the text; `steer corpus inspect [EXPERIMENT]` only shows it."""

from typing import Annotated

import typer

from polysteer.cli import pipeline
from polysteer.cli.groups import take_groups
from polysteer.cli.options import ForceOption, JsonOption, Project
from polysteer.cli.sheets import print_found

INSPECT = "inspect"  # so no experiment has this name: layout.RESERVED


@take_groups
def corpus(
    *,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[inspect] [EXPERIMENT]", help="Which experiment; all of the file if left out."
        ),
    ] = None,
    as_json: JsonOption = False,
    project: Project,
    force: ForceOption = False,
) -> None:
    """Read and split the text; with `inspect`, only show what it holds."""
    given = words or []
    if given[:1] == [INSPECT] and len(given) <= 2:
        _inspect(given[1] if len(given) == 2 else None, project, json=as_json)
    elif len(given) <= 1 and not as_json:
        pipeline.run_stages(("corpus",), given[0] if given else None, project, force=force)
    else:
        raise typer.BadParameter(
            "write 'steer corpus [EXPERIMENT]' or 'steer corpus inspect [EXPERIMENT] [--json]'"
        )


def _inspect(experiment: str | None, project: Project, *, json: bool) -> None:
    from polysteer.cli.corpus_tables import list_inspection
    from polysteer.corpus.corpus_inspection import inspect_corpus
    from polysteer.corpus.joining import read_corpus
    from polysteer.models.filetokenizer import open_tokenizer
    from polysteer.models.source import find_source

    _, settings = project.find_one(experiment)
    text, model = read_corpus(settings.corpus), settings.model
    source = find_source(model.id, revision=model.revision, trust_remote_code=model.trust_remote_code)
    found = inspect_corpus(text, open_tokenizer(source))
    print_found(found.to_json(), list_inspection(found), json=json, folds=True)
