"""A report as JSON, CSV and Markdown, for scripts and documents."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from polysteer.report.data import Answer, Report, Summary
from polysteer.report.methods import name_method
from polysteer.report.origin import Origins
from polysteer.report.words import (
    choose_method,
    number,
    percent,
    probability,
    size,
    tell_report,
    times,
)


def to_json(report: Report, origins: Origins, answer: Answer | None = None) -> str:
    """`summaries`, and `summary`, which is null unless there is just one; what they are of; then `rows`.

    An answer's records stand in for the report's rows, and its words come after. Infinity becomes null.
    """
    summaries = [_finite_only(asdict(summary)) for summary in report.summaries]
    records = answer.records if answer else [asdict(row) for row in report.rows]
    told: dict[str, Any] = {
        "summary": summaries[0] if len(summaries) == 1 else None,
        "summaries": summaries,
        "stale": [asdict(one) for one in origins.stale],
        "experiments": [asdict(one) | {"made": f"{one.made.isoformat()}Z"} for one in origins.made],
        "rows": [_finite_only(record) for record in records],
    }
    if answer:
        told |= {"view": answer.view, "note": answer.note, **answer.facts}
    return json.dumps(told, indent=2)


def to_csv(report: Report) -> str:
    """Every row of the report, one header line first."""
    return records_to_csv([asdict(row) for row in report.rows])


def answer_to_markdown(answer: Answer, heading: Sequence[str] = ()) -> str:
    """What the numbers are of, the words, then every table under its title."""
    parts = [*heading, answer.note]
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


def to_markdown(report: Report, heading: Sequence[str] = ()) -> str:
    """What the numbers are of, the summary as a table, then the same in words."""
    acting = " or ".join(dict.fromkeys(name_method(choose_method(one)) for one in report.summaries))
    header = ["target", name_method("baseline"), acting, "ratio", "95 % of difference", "p", "random"]
    header += ["rank", "centred", "n-grams", "cost", "layer", "k"]
    lines = [header, ["---"] * len(header), *map(_cells, report.summaries)]
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    return "\n\n".join([*heading, table, tell_report(report)]) + "\n"


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
        size(summary.k),
    ]


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|").replace("*", "\\*")


def _finite_only(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in record.items()
    }
