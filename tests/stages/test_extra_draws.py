"""`extra_draws` says how many draws of the other controls are read, and 0 leaves them out."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq

from polysteer.config import load_experiments
from polysteer.layout import Layout
from polysteer.stages import embed, evaluate
from polysteer.stages.run import Run
from polysteer.store.files import read_choices

KINDS = {"random_at_expert_values", "permuted", "erased_at_random"}


def count_draws(run: Run) -> dict[str, int]:
    """By kind of control how often it stands among the choices."""
    schema, path = pq.read_schema(run.layout.metrics), run.layout.metrics
    chosen = read_choices(schema, path)["arm"].to_pylist()
    return {kind: chosen.count(kind) for kind in KINDS if kind in chosen}


def test_fewer_draws_need_no_reading_and_none_leave_no_rows(finished: Path, project: Path) -> None:
    shutil.copytree(finished / "artifacts", project / "artifacts")
    file, layout = project / "experiments.yaml", Layout(project / "artifacts").experiment("tiny")
    written = file.read_text()
    for n_draws, due in ((2, {kind: 2 if kind == "erased_at_random" else 4 for kind in KINDS}), (0, {})):
        file.write_text(written.replace("controls: 3", f"controls: 3, extra_draws: {n_draws}"))
        run = Run("tiny", load_experiments(file).experiments["tiny"], layout)
        assert "nothing to read" in embed.perform(run)
        evaluate.perform(run)
        assert count_draws(run) == due
