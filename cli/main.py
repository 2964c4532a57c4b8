"""The entry point: registers the commands, and alone turns errors into messages and exit codes."""

import sys
import traceback
from typing import Annotated, NoReturn

import typer

from polysteer.allocator import keep_freed_memory
from polysteer.cli import (
    builtin,
    corpus,
    encode,
    generate,
    init,
    masks,
    models,
    pipeline,
    plan,
    query,
    report,
    schema,
)
from polysteer.cli.progress import show_notices
from polysteer.errors import PolysteerError

app = typer.Typer(
    help="Find a multilingual model's language neurons, steer them, and know what that did.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Find a multilingual model's language neurons, steer them, and know what that did."""
    _State.debug = debug


app.command("init")(init.init)
app.command("plan")(plan.plan)
app.command("run")(pipeline.run)
app.command("settings")(pipeline.settings)
app.command("corpus")(corpus.corpus)
app.command("collect")(pipeline.collect)
app.command("rank")(pipeline.rank)
app.command("embed")(pipeline.embed)
app.command("evaluate")(pipeline.evaluate)
app.command("store")(pipeline.store)
app.command("report")(report.report)
app.command("query")(query.query)
app.command("generate")(generate.generate)
app.command("encode")(encode.encode)
app.command("schema")(schema.schema)
app.add_typer(builtin.app, name="builtin")
app.add_typer(masks.app, name="masks")
app.add_typer(models.app, name="models")


class _State:
    debug = False


def main() -> NoReturn:
    """Run `steer`; exit codes: 0 done, 1 a named mistake, 2 wrong usage, 130 interrupted."""
    keep_freed_memory()
    show_notices()
    try:
        app()
    except PolysteerError as error:
        if _State.debug:
            traceback.print_exc()
        print(f"steer: {error}", file=sys.stderr)
        sys.exit(1)
    except SystemExit as end:
        if end.code == 130:
            print("\nsteer: stopped; finished work is kept, the same command goes on", file=sys.stderr)
        raise
    raise AssertionError("a command always ends by exiting")
