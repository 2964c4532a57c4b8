"""A report as JSON, CSV and Markdown, for scripts and documents."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from polysteer.report.data import Answer, Report, Summary
from polysteer.report.words import number, percent, probability, tell_report, times


def to_json(report: Report, *, single: bool) -> str:
    """`summary`, an object for a single target, else a list of them; then `rows`. Infinity becomes null."""
    summaries = [_finite_only(asdict(summary)) for summary in report.summaries]
    rows = [_finite_only(asdict(row)) for row in report.rows]
    return json.dumps({"summary": summaries[0] if single else summaries, "rows": rows}, indent=2)


def to_csv(report: Report) -> str:
    """Every row of the report, one header line first."""
    return records_to_csv([asdict(row) for row in report.rows])


def answer_to_json(report: Report, answer: Answer, *, single: bool) -> str:
    """As the report has it, with the answer's records for rows; then which answer it is, and its words."""
    summaries = [_finite_only(asdict(summary)) for summary in report.summaries]
    rows = [_finite_only(record) for record in answer.records]
    told = {"summary": summaries[0] if single and summaries else summaries, "rows": rows}
    return json.dumps(told | {"view": answer.view, "note": answer.note}, indent=2)


def answer_to_markdown(answer: Answer) -> str:
    """The words, then every table under its title."""
    parts = [answer.note]
    for grid in answer.grids:
        lines = [grid.header, ("---",) * len(grid.header), *grid.rows]
        table = "\n".join("| " + " | ".join(map(_escape, cells)) + " |" for cells in lines)
        parts.append(f"**{_escape(grid.title)}**\n\n{table}")
    return "\n\n".join(parts) + "\n"


def records_to_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """One header line, then the records."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]) if records else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def to_markdown(report: Report) -> str:
    """The summary as a table, then the same in words."""
    header = ["target", "baseline", "steered", "ratio", "95 % of difference", "p", "control", "rank"]
    header += ["centred", "surface", "cost", "layer", "k"]
    lines = [header, ["---"] * len(header), *map(_cells, report.summaries)]
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    return f"{table}\n\n{tell_report(report)}\n"


def _cells(summary: Summary) -> Sequence[str]:
    interval = (
        f"{100 * summary.ci_low:+.1f} to {100 * summary.ci_high:+.1f}"
        if summary.ci_low is not None and summary.ci_high is not None
        else "-"
    )
    rank = f"{summary.control_rank} of {1 + summary.draws}" if summary.control_rank else "-"
    return [
        summary.name,
        percent(summary.baseline),
        percent(summary.steered),
        times(summary.ratio),
        interval,
        probability(summary.p_value),
        percent(summary.control),
        rank,
        percent(summary.centred),
        percent(summary.surface),
        number(summary.cost),
        str(summary.layer),
        number(summary.k),
    ]


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|").replace("*", "\\*")


def _finite_only(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in record.items()
    }
