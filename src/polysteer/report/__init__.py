"""What the store says about one question, as data, in words and in the formats of scripts."""

from polysteer.report.data import Report, ReportRow, Summary
from polysteer.report.formats import to_csv, to_json, to_markdown
from polysteer.report.summary import list_experiments, list_targets, merge_reports, summarize
from polysteer.report.words import tell_report, tell_target

__all__ = [
    "Report",
    "ReportRow",
    "Summary",
    "list_experiments",
    "list_targets",
    "merge_reports",
    "summarize",
    "tell_report",
    "tell_target",
    "to_csv",
    "to_json",
    "to_markdown",
]
