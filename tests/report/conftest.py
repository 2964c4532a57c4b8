"""Experiments that the real stages made, their numbers looked up by hand, and projects to ask them in."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import typer
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

from polysteer.cli import query, report
from polysteer.config import load_experiments
from polysteer.layout import Layout
from polysteer.stages import collect, corpus, embed, evaluate, rank
from polysteer.stages import settings as settings_stage
from polysteer.stages.run import Run
from polysteer.stages.store import build_store
from polysteer.store import ChoiceRow, Making, MetricRow, build_database, write_metrics
from polysteer.store.files import read_choices
from polysteer.store.making import read_making

STAGES = (settings_stage, corpus, collect, rank, embed, evaluate)
MORE = """\
  other:
    model: {model}
    corpus: {{source: builtin, languages: [en, de, ja], find: 20, dev: 6, test: 10}}
    targets: [ja]
    collect: {{sites: mlp.hidden}}
    rank: {{k: 0.1, value: token_mean}}
    evaluate: {{families: [retrieval, perplexity], controls: 2, extra_draws: 1, resamples: 100}}
  plain:
    model: {{id: {model}, checkpoints: [./early]}}
    corpus: {{source: builtin, languages: [en, de, ja], find: 10, dev: 4, test: 8}}
    targets: []
    evaluate: {{families: [retrieval, abx], controls: 1, extra_draws: 1, resamples: 100}}
  later:
    model: {model}
    corpus: {{source: builtin, languages: [en, de, ja], find: 10, dev: 4, test: 8}}
    targets: [ja]
"""
CONFIGURATION = (
    "model",
    "revision",
    "strength",
    "sites",
    "response_pooling",
    "score",
    "value_statistic",
    "k",
    "draw",
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Stored:
    """Every row of the metrics files, searched in plain Python."""

    rows: Sequence[Row]
    choices: Sequence[Row]

    def find(self, **wanted: object) -> list[Row]:
        return self._search(self.rows, wanted)

    def find_choices(self, **wanted: object) -> list[Row]:
        return self._search(self.choices, wanted)

    @staticmethod
    def _search(rows: Sequence[Row], wanted: Row) -> list[Row]:
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def list_picked(
        self,
        metric: str,
        arm: str,
        target: str | None = None,
        *,
        experiment: str = "tiny",
        view: str = "same_layer",
        ends: tuple[str | None, str | None] = ("*", "*"),
        layer: str | None = None,
    ) -> list[Row]:
        """What was measured on test of what dev picked: at the layer it was picked for, or at another."""
        of = {"experiment": experiment, "arm": arm, "target": target}
        found = []
        for choice in self.find_choices(view=view, **of):
            same = {name: choice[name] for name in CONFIGURATION}
            rows = self.find(metric=metric, split="test", source=ends[0], reference=ends[1], **of, **same)
            rows = [row for row in rows if row["view"] in (None, view)]
            found += [row for row in rows if row["layer"] in (None, layer or choice["layer"])]
        return found

    def pick(self, *what: Any, **where: Any) -> Row:
        """The only one."""
        (row,) = self.list_picked(*what, **where)
        return row

    def mean(self, *what: Any, **where: Any) -> float:
        """Over draws."""
        return fmean(row["value"] for row in self.list_picked(*what, **where))


class Write:
    """Shares as tables have them, in percent."""

    @staticmethod
    def share(of: float | Row) -> str:
        return f"{100 * (of['value'] if isinstance(of, dict) else of):.1f}"

    @staticmethod
    def share_and_spread(row: Row) -> tuple[str, str]:
        return Write.share(row), f"{100 * row['ci_low']:.1f}..{100 * row['ci_high']:.1f}"


@pytest.fixture(scope="session")
def write() -> type[Write]:
    return Write


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory, finished: Path, model_folder: Path) -> Path:
    """The tiny experiment; one of other text, fewer sentences; one that steers nothing; one not run."""
    folder = tmp_path_factory.mktemp("ran")
    more = MORE.format(model=model_folder)
    (folder / "experiments.yaml").write_text((finished / "experiments.yaml").read_text() + more)
    shutil.copytree(finished / "artifacts" / "metrics", folder / "artifacts" / "metrics")
    write_earlier_state(model_folder, folder / "early")
    with chdir(folder):
        experiments, layout = load_experiments(Path("experiments.yaml")), Layout(Path("artifacts"))
        for name in ("other", "plain"):
            run = Run(name, experiments.experiments[name], layout.experiment(name))
            for stage in STAGES:
                stage.perform(run)
        build_store(experiments, layout)
    return folder


def write_earlier_state(model: Path, folder: Path) -> None:
    """The same model with noise on its weights."""
    shutil.copytree(model, folder)
    generator = np.random.default_rng(0)
    weights = load_file(folder / "model.safetensors")
    noisy = {
        name: (array + generator.normal(0, 0.2, array.shape)).astype(array.dtype)
        for name, array in weights.items()
    }
    save_file(noisy, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.fixture(scope="session")
def stored(ran: Path) -> Stored:
    files = list((ran / "artifacts" / "metrics").glob("*.parquet"))
    return Stored(
        [row for file in files for row in pq.read_table(file).to_pylist()],
        [row for file in files for row in read_choices(pq.read_schema(file), file).to_pylist()],
    )


@pytest.fixture(scope="session")
def database(ran: Path) -> Path:
    return ran / "artifacts" / "metrics.duckdb"


@pytest.fixture
def project(tmp_path: Path, ran: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all that `steer report` reads."""
    shutil.copy(ran / "experiments.yaml", tmp_path)
    shutil.copytree(ran / "artifacts" / "metrics", tmp_path / "artifacts" / "metrics")
    shutil.copy(ran / "artifacts" / "metrics.duckdb", tmp_path / "artifacts")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def rewrite(project: Path) -> Callable[..., Path]:
    """Change an experiment's numbers, and how they were made, in the project; or give them `to` another."""

    def write(
        experiment: str = "tiny",
        change: Callable[[list[MetricRow]], list[MetricRow]] = list,
        choose: Callable[[list[ChoiceRow]], list[ChoiceRow]] = list,
        remake: Callable[[Making | None], Making | None] = lambda making: making,
        *,
        to: str | None = None,
    ) -> Path:
        folder, name = project / "artifacts" / "metrics", to or experiment
        source, path = folder / f"{experiment}.parquet", folder / f"{name}.parquet"
        making = read_making(pq.read_schema(source), source)
        rows = [MetricRow(**{**row, "experiment": name}) for row in pq.read_table(source).to_pylist()]
        choices = []
        for row in read_choices(pq.read_schema(source), source).to_pylist():
            view, layer, within = (row.pop(key) for key in ("view", "layer", "within_budget"))
            of = MetricRow(**{**row, "experiment": name}, fingerprint=rows[0].fingerprint)
            choices.append(ChoiceRow(of, view, layer, within))
        write_metrics(path, [*change(rows), *choose(choices)], making=remake(making))
        return path

    return write


@pytest.fixture
def rebuild(rewrite: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """A database of the tiny experiment's numbers, changed."""

    def build(**changes: Callable[[list[Any]], list[Any]]) -> Path:
        build_database([rewrite(**changes)], tmp_path / "changed.duckdb")
        return tmp_path / "changed.duckdb"

    return build


@pytest.fixture
def run() -> Callable[..., str]:
    """What a command prints to stdout; what it raises comes through."""

    def ask(*arguments: str, columns: int = 80) -> str:
        app = typer.Typer()
        app.command("report")(report.report)
        app.command("query")(query.query)
        result = CliRunner().invoke(app, arguments, catch_exceptions=False, env={"COLUMNS": str(columns)})
        assert result.exit_code == 0, result.output
        return result.stdout

    return ask
