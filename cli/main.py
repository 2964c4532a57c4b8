"""The entry point: registers the commands, and alone turns errors into messages and exit codes."""

import sys
import traceback
from importlib import metadata
from types import TracebackType
from typing import Annotated, NoReturn, cast

import typer
from typer.main import get_command

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
from polysteer.cli.output import give_up, prepare_streams, print_aside, print_text
from polysteer.cli.stderr import show_log, show_notices
from polysteer.errors import PolysteerError

INTERRUPTED = 130

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        print_text(f"polysteer {metadata.version('polysteer')}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no log; errors and warnings stay.")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")
    ] = False,
) -> None:
    """Find a multilingual model's language neurons, steer them, and know what that did."""
    _State.debug = debug
    show_log(not quiet)


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


_UsageError = cast(type[typer.BadParameter], typer.BadParameter.__base__)  # it has no public name


def main() -> NoReturn:
    """Run `steer`; exit codes: 0 done, 1 a named mistake, 2 wrong usage, 130 interrupted."""
    sys.excepthook = _show_bug
    prepare_streams()
    keep_freed_memory()
    show_notices()
    code = _run()
    if code == INTERRUPTED:
        print_aside("\nsteer: stopped; finished work is kept, the same command goes on")
    sys.exit(code)


def _run() -> int | None:
    try:
        return cast(int | None, get_command(app)(prog_name="steer", standalone_mode=False))
    except _UsageError as error:
        return _explain_usage(error)
    except PolysteerError as error:
        return _explain(error, str(error))
    except OSError as error:
        give_up()
        return _explain(
            error, f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
        )
    except typer.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            return INTERRUPTED
        return _explain(error, "there was nobody to answer; nothing was done")


def _explain(error: Exception, message: str) -> int:
    if _State.debug:
        print_aside("".join(traceback.format_exception(error)).rstrip())
    print_aside(f"steer: {message}")
    return 1


def _explain_usage(error: typer.BadParameter) -> int:
    message = error.format_message()
    if message:  # none where help was asked for by saying nothing
        hint = f"\ntry '{error.ctx.command_path} --help'" if error.ctx else ""
        print_aside(f"steer: {message}{hint}")
    return error.exit_code


def _show_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    print_aside("".join(traceback.format_exception(kind, error, trace)).rstrip())
