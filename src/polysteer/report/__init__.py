"""What the store says about one question, as data, in words and in the formats of scripts."""

from polysteer.report.comparison import compare_experiments, compare_targets
from polysteer.report.data import Answer, Grid, Report, ReportRow, Summary
from polysteer.report.formats import (
    answer_to_markdown,
    records_to_csv,
    to_csv,
    to_json,
    to_markdown,
)
from polysteer.report.front import show_front
from polysteer.report.metric import show_metric
from polysteer.report.oracle import show_oracle
from polysteer.report.origin import Origins, trace_origins
from polysteer.report.origin_words import tell_origins, tell_stale
from polysteer.report.pairs import show_pairs
from polysteer.report.reading import (
    check_target,
    list_experiments,
    list_layers,
    list_metrics,
    list_targets,
)
from polysteer.report.summary import merge_reports, summarize
from polysteer.report.words import tell_report, tell_target

__all__ = [
    "Answer",
    "Grid",
    "Origins",
    "Report",
    "ReportRow",
    "Summary",
    "answer_to_markdown",
    "check_target",
    "compare_experiments",
    "compare_targets",
    "list_experiments",
    "list_layers",
    "list_metrics",
    "list_targets",
    "merge_reports",
    "records_to_csv",
    "show_front",
    "show_metric",
    "show_oracle",
    "show_pairs",
    "summarize",
    "tell_origins",
    "tell_report",
    "tell_stale",
    "tell_target",
    "to_csv",
    "to_json",
    "to_markdown",
    "trace_origins",
]
