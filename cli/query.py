"""`steer query`: one SELECT to the metrics database."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from polysteer.cli.groups import take_groups
from polysteer.cli.options import Project, check_out
from polysteer.cli.output import open_binary, print_json, print_table, print_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polysteer.store import QueryResult


@take_groups
def query(
    *,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="A SELECT; tables and views: docs/store.md.")],
    format: Annotated[
        Literal["table", "json", "csv", "markdown", "parquet"],
        typer.Option("--format", help="How to give the answer."),
    ] = "table",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", callback=check_out, help="The file for Parquet; stdout, if redirected."),
    ] = None,
    project: Project,
) -> None:
    """Ask the metrics database. It is only read."""
    from polysteer.store import query_database

    if format == "parquet":
        _export(sql, out, project)
    elif out is not None:
        raise typer.BadParameter(f"--out is for --format parquet; redirect {format}: steer query ... > {out}")
    else:
        _print(query_database(refresh(project), sql), format)


def _export(sql: str, out: Path | None, project: Project) -> None:
    from polysteer.artifacts import atomic_path
    from polysteer.store import export_answer

    if out is None:
        with open_binary() as sink:
            export_answer(refresh(project), sql, sink)
    else:
        with atomic_path(out) as temporary, temporary.open("wb") as sink:
            export_answer(refresh(project), sql, sink)


def refresh(project: Project) -> Path:
    """The database of all metrics there are, rebuilt if it is missing, damaged or older than they."""
    from polysteer.store import refresh_database

    layout = project.layout
    files = [layout.experiment(name).metrics for name in project.load().experiments]
    refresh_database([path for path in files if path.exists()], layout.database)
    return layout.database


def _print(answer: "QueryResult", format: str) -> None:
    if format == "json":
        print_json(answer.records())
    elif format == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([answer.columns, *answer.rows])
        print_text(text.getvalue())
    elif format == "markdown":
        lines = [answer.columns, ("---",) * len(answer.columns), *answer.rows]
        print_text("\n".join("| " + " | ".join(map(_markdown_cell, line)) + " |" for line in lines))
    else:
        print_table(_draw(answer))


def _draw(answer: "QueryResult") -> "RenderableType":
    """Never cut off: it takes the width it needs."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for name in answer.columns:
        table.add_column(name, no_wrap=True)
    for row in answer.rows:
        table.add_row(*map(_cell, row))
    return table


def _markdown_cell(value: object) -> str:
    return _cell(value).replace("|", "\\|").replace("\n", " ")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
