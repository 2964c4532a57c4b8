"""An answer as facts, CSV or Markdown, for scripts and documents."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from polysteer.grid import Grid
from polysteer.report.answer import Answer, Record
from polysteer.report.origins import tell_origins


def write_csv(records: Sequence[Record]) -> str:
    """One header line, then the records."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]) if records else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def list_facts(answer: Answer) -> dict[str, Any]:
    """What scripts get as JSON; `summary` is None unless there is just one."""
    summaries = [asdict(summary) for summary in answer.summaries]
    return {
        "summary": summaries[0] if len(summaries) == 1 else None,
        "summaries": summaries,
        "stale": [asdict(one) for one in answer.origins.stale],
        "experiments": [asdict(one) | {"made": f"{one.made.isoformat()}Z"} for one in answer.origins.made],
        "rows": answer.records,
        **answer.facts,
    }


def write_markdown(answer: Answer) -> str:
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
