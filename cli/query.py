"""`steer query`: one SELECT to the metrics database."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polysteer.cli.options import (
    DEFAULT_ARTIFACTS,
    DEFAULT_FILE,
    ArtifactsOption,
    FileOption,
    Format,
    FormatOption,
)

if TYPE_CHECKING:
    from polysteer.store import QueryResult


MOST_COLUMNS = 100_000


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="A SELECT; tables and views: docs/store.md.")],
    format: FormatOption = "table",
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
) -> None:
    """Ask the metrics database. It is only read."""
    from polysteer.store import query_database

    answer = query_database(refresh(file, artifacts), sql)
    _print(answer, format)


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
