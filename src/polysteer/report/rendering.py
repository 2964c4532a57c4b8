"""An answer as JSON, CSV or Markdown, for scripts and documents."""

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Literal

from polysteer.grid import Grid
from polysteer.report.answer import Answer, Record
from polysteer.report.origins import tell_origins


def render(answer: Answer, format: Literal["json", "csv", "markdown"]) -> str:
    """The answer as text."""
    if format == "json":
        return _write_json(answer)
    return write_csv(answer.records) if format == "csv" else _write_markdown(answer)


def write_csv(records: Sequence[Record]) -> str:
    """One header line, then the records."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]) if records else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def _write_json(answer: Answer) -> str:
    """`summary` is null unless there is just one; infinity becomes null."""
    summaries = [_finite_only(asdict(summary)) for summary in answer.summaries]
    told = {
        "summary": summaries[0] if len(summaries) == 1 else None,
        "summaries": summaries,
        "stale": [asdict(one) for one in answer.origins.stale],
        "experiments": [asdict(one) | {"made": f"{one.made.isoformat()}Z"} for one in answer.origins.made],
        "rows": [_finite_only(record) for record in answer.records],
        **answer.facts,
    }
    return json.dumps(told, indent=2)


def _finite_only(record: Record) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in record.items()
    }


def _write_markdown(answer: Answer) -> str:
    """What the numbers are of, then words, a line a paragraph, and tables under their titles."""
    parts = [*tell_origins(answer.origins)]
    for part in answer.parts:
        parts += [_write_grid(part)] if isinstance(part, Grid) else part.splitlines()
    return "\n\n".join(parts) + "\n"


def _write_grid(grid: Grid) -> str:
    lines = [_write_line(line) for line in (grid.header, ("---",) * len(grid.header), *grid.rows)]
    return "\n".join((f"**{_escape(grid.title)}**\n", *lines))


def _write_line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(_escape, cells))} |"


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|").replace("*", "\\*")
