"""The database of all experiments' metrics, and the headline numbers for `dvc metrics`."""

import json
from dataclasses import asdict

from polysteer.artifacts import atomic_path
from polysteer.config import Experiments
from polysteer.layout import Layout
from polysteer.report import list_experiments, summarize
from polysteer.store import build_database


def build_store(experiments: Experiments, layout: Layout) -> str:
    """Only experiments of the file take part: folders of removed ones stay where they are."""
    files = [layout.experiment(name).metrics for name in experiments.experiments]
    present = [file for file in files if file.exists()]
    build_database(present, layout.database)
    summaries = [
        asdict(summary)
        for name in list_experiments(layout.database)
        if experiments.experiments[name].targets
        for summary in summarize(layout.database, experiment=name).summaries
    ]
    nested: dict[str, dict[str, object]] = {}
    for summary in summaries:
        nested.setdefault(summary.pop("experiment"), {})[summary.pop("target")] = summary
    with atomic_path(layout.summary) as temporary:
        temporary.write_text(json.dumps(nested, indent=1, sort_keys=True) + "\n")
    return f"{len(present)} of {len(files)} experiments"
