"""The database of all metrics, and from it the numbers that `dvc metrics` and `dvc plots` show."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from polysteer.artifacts import atomic_path
from polysteer.config import Experiments
from polysteer.layout import Layout
from polysteer.report import Headline, Record, Subject, summarize, write_csv
from polysteer.report.contents import list_experiments
from polysteer.report.plots import tabulate_front, tabulate_layers
from polysteer.report.views.front import read_front
from polysteer.store import build_database


def build_store(experiments: Experiments, layout: Layout) -> str:
    """Only experiments of the file take part: folders of removed ones stay where they are."""
    files = [layout.experiment(name).metrics for name in experiments.experiments]
    present = [file for file in files if file.exists()]
    build_database(present, layout.database)
    names = list_experiments(layout.database)
    found = [one for name in names for one in summarize(layout.database, experiment=name)]
    _write_summary(layout, found)
    _write_plots(layout, found)
    return f"{len(present)} of {len(files)} experiments"


def _write_summary(layout: Layout, found: Sequence[Headline]) -> None:
    nested: dict[str, dict[str, object]] = {}
    for summary in (one.summary for one in found):
        values = asdict(summary)
        del values["experiment"], values["target"]
        nested.setdefault(summary.experiment, {})[summary.name] = values
    with atomic_path(layout.summary) as temporary:
        temporary.write_text(json.dumps(nested, indent=1, sort_keys=True) + "\n")


def _write_plots(layout: Layout, found: Sequence[Headline]) -> None:
    """One file per target and picture; those of removed experiments and targets go."""
    records_by_file: dict[Path, Sequence[Record]] = {}
    for one in found:
        experiment, name = one.summary.experiment, one.summary.name
        front = read_front(layout.database, Subject(experiment, one.summary.target))
        records_by_file[layout.layer_plot(experiment, name)] = tabulate_layers(one)
        records_by_file[layout.front_plot(experiment, name)] = tabulate_front(front)
    layout.plots.mkdir(parents=True, exist_ok=True)  # the pipeline expects it, even if nothing steers
    for file, records in records_by_file.items():
        with atomic_path(file) as temporary:
            temporary.write_text(write_csv(records))
    for file in layout.plots.glob("*/*.csv"):
        if file not in records_by_file:
            file.unlink(missing_ok=True)
