"""`steer query`: one SELECT to the metrics database."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from polysteer.cli.options import (
    DEFAULT_ARTIFACTS,
    DEFAULT_FILE,
    ArtifactsOption,
    FileOption,
    Format,
)

if TYPE_CHECKING:
    from polysteer.store import QueryResult


MOST_COLUMNS = 100_000


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="A SELECT; tables and views: docs/store.md.")],
    format: Annotated[
        Literal["table", "json", "csv", "markdown", "parquet"],
        typer.Option("--format", help="How to give the answer."),
    ] = "table",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file for Parquet; stdout, if redirected.")
    ] = None,
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
) -> None:
    """Ask the metrics database. It is only read."""
    from polysteer.store import query_database

    if format == "parquet":
        _export(sql, out, file, artifacts)
    elif out is not None:
        raise typer.BadParameter(f"--out is for --format parquet; redirect {format}: steer query ... > {out}")
    else:
        _print(query_database(refresh(file, artifacts), sql), format)


def _export(sql: str, out: Path | None, file: Path, artifacts: Path) -> None:
    from polysteer.artifacts import atomic_path
    from polysteer.store import export_answer

    if out is not None:
        with atomic_path(out) as temporary, temporary.open("wb") as sink:
            export_answer(refresh(file, artifacts), sql, sink)
    elif sys.stdout.isatty():
        raise typer.BadParameter("Parquet is no text for a terminal: name a file with --out, or redirect")
    else:
        export_answer(refresh(file, artifacts), sql, sys.stdout.buffer)


def refresh(file: Path, artifacts: Path) -> Path:
    """The database of all metrics there are, rebuilt if it is missing, damaged or older than they."""
    from polysteer.config import load_experiments
    from polysteer.layout import Layout
    from polysteer.store import refresh_database

    layout = Layout(artifacts)
    files = [layout.experiment(name).metrics for name in load_experiments(file).experiments]
    refresh_database([path for path in files if path.exists()], layout.database)
    return layout.database


def _print(answer: "QueryResult", format: Format) -> None:
    if format == "json":
        print(json.dumps(answer.records(), indent=2, default=str))
    elif format == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([answer.columns, *answer.rows])
    elif format == "markdown":
        print("| " + " | ".join(answer.columns) + " |")
        print("|" + " --- |" * len(answer.columns))
        for row in answer.rows:
            print("| " + " | ".join(_cell(value).replace("|", "\\|") for value in row) + " |")
    else:
        _print_table(answer)


def _print_table(answer: "QueryResult") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*answer.columns, box=box.SIMPLE_HEAD)
    for row in answer.rows:
        table.add_row(*map(_cell, row))
    console = Console(markup=False)
    # A query's answer is never cut off: it takes the width it needs.
    needed = console.measure(table, options=console.options.update(max_width=MOST_COLUMNS)).maximum
    console.width = max(console.width, needed)
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
