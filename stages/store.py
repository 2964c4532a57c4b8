"""The database of all metrics, and from it the numbers that `dvc metrics` and `dvc plots` show."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from polysteer.artifacts import atomic_path
from polysteer.config import Experiments
from polysteer.layout import Layout
from polysteer.report import Report, list_experiments, records_to_csv, summarize
from polysteer.report.front import read_front
from polysteer.report.plots import tabulate_front, tabulate_layers
from polysteer.store import build_database


def build_store(experiments: Experiments, layout: Layout) -> str:
    """Only experiments of the file take part: folders of removed ones stay where they are."""
    files = [layout.experiment(name).metrics for name in experiments.experiments]
    present = [file for file in files if file.exists()]
    build_database(present, layout.database)
    names = list_experiments(layout.database)
    reports = {name: summarize(layout.database, experiment=name) for name in names}
    _write_summary(layout, reports)
    _write_plots(layout, reports)
    return f"{len(present)} of {len(files)} experiments"


def _write_summary(layout: Layout, reports: Mapping[str, Report]) -> None:
    nested: dict[str, dict[str, object]] = {}
    for name, report in reports.items():
        for summary in report.summaries:
            values = asdict(summary)
            del values["experiment"], values["target"]
            nested.setdefault(name, {})[summary.name] = values
    with atomic_path(layout.summary) as temporary:
        temporary.write_text(json.dumps(nested, indent=1, sort_keys=True) + "\n")


def _write_plots(layout: Layout, reports: Mapping[str, Report]) -> None:
    """One file per target and picture; those of removed experiments and targets go."""
    records_by_file: dict[Path, Sequence[Mapping[str, Any]]] = {}
    for name, report in reports.items():
        for summary in report.summaries:
            target = summary.target
            rows = [row for row in report.rows if row.target == target]
            records_by_file[layout.layer_plot(name, summary.name)] = tabulate_layers(rows)
            front = read_front(layout.database, name, target)
            records_by_file[layout.front_plot(name, summary.name)] = tabulate_front(front)
    layout.plots.mkdir(parents=True, exist_ok=True)  # the pipeline expects it, even if nothing steers
    for file, records in records_by_file.items():
        with atomic_path(file) as temporary:
            temporary.write_text(records_to_csv(records))
    for file in layout.plots.glob("*/*.csv"):
        if file not in records_by_file:
            file.unlink(missing_ok=True)
