"""A database with one experiment of two targets, its numbers chosen by hand, and projects to ask it in."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from polysteer.cli import query, report
from polysteer.config import load_experiments
from polysteer.config.filling import fill_in
from polysteer.config.steering import tell_steering
from polysteer.layout import Layout
from polysteer.store import Making, MetricRow, build_database, excluding, write_metrics

BASE = MetricRow(experiment="try", model="builtin", fingerprint="0123456789abcdef", embedding_pooling="mean")
LANGUAGES = ("de", "en", "ja")
LAYERS = ("0", "1", "final")
DRAWS = 39


def pick(row: MetricRow, same: str | None, best: str | None, *, within: float = 1.0) -> Iterator[MetricRow]:
    """The rows that say where a configuration was picked."""
    if same is not None:
        yield replace(row, metric="chosen_same_layer", layer=same, split="dev", value=within)
    if best is not None:
        yield replace(row, metric="chosen_best_layer", layer=best, split="dev", value=within)


def curve(row: MetricRow, *top1: float) -> Iterator[MetricRow]:
    """Mean top-1 on test at every layer."""
    for layer, value in zip(LAYERS, top1, strict=True):
        interval = {"ci_low": value - 0.01, "ci_high": value + 0.01}
        yield replace(row, metric="top1", layer=layer, value=value, candidates=500, n=500, **interval)


def perplexities(row: MetricRow, *values: float) -> Iterator[MetricRow]:
    for language, value in zip(LANGUAGES, values, strict=True):
        yield replace(row, metric="perplexity", source=language, reference=None, value=value)


def directions(row: MetricRow, target: str, *values: float) -> Iterator[MetricRow]:
    ends = (("*", target), (target, "*"), (excluding(target), excluding(target)))
    for (source, reference), value in zip(ends, values, strict=True):
        yield replace(row, metric="top1", layer="final", source=source, reference=reference, value=value)


def plain_rows() -> Iterator[MetricRow]:
    """What has no target."""
    yield from pick(BASE, "final", "1")
    yield from curve(BASE, 0.3, 0.19, 0.125)
    yield from perplexities(BASE, 5.0, 4.0, 6.0)
    yield from directions(BASE, "ja", 0.1, 0.12, 0.15)
    centred = replace(BASE, intervention="centre")
    yield from pick(centred, "final", "0")
    yield from curve(centred, 0.51, 0.4, 0.336)
    surface = replace(BASE, intervention="surface", embedding_pooling=None)
    yield replace(surface, metric="chosen_same_layer", split="dev", value=1.0)
    yield replace(surface, metric="top1", value=0.22, candidates=500, n=500)


def target_rows(target: str, final: float, *, draws_as_good: int, within: float = 1.0) -> Iterator[MetricRow]:
    """What belongs to a target: a mask with two values of k on dev, controls, the mean difference."""
    mask = replace(BASE, target=target, intervention="set", strength=1.0, sites="attn.out", score="ap_union")
    small, large = replace(mask, k=0.03), replace(mask, k=0.2)
    for row, top1, cost in ((small, 0.14, 1.05), (large, 0.2, 1.2)):
        yield replace(row, metric="top1", layer="final", split="dev", value=top1)
        yield replace(row, metric="cost", split="dev", value=cost)
    yield from pick(large, "final", None, within=within)
    yield from pick(small, None, "1", within=within)
    yield from curve(large, 0.3, 0.16, final)
    yield from curve(small, 0.3, 0.18, 0.13)
    yield replace(large, metric="cost", value=1.25)
    yield replace(small, metric="cost", value=1.04)
    yield from perplexities(large, 5.5, 4.4, 7.5)
    yield from directions(large, target, 0.3, 0.12, 0.16)
    yield from comparisons(large, "final", "", final - 0.125, draws_as_good)
    yield from comparisons(small, "1", "_best_layer", -0.01, DRAWS)
    for draw in range(DRAWS):
        control = replace(mask, intervention="random", k=0.2 if draw % 2 else 0.03, draw=draw)
        yield from pick(control, "final", "1")
        yield from curve(control, 0.3, 0.18, final if draw < draws_as_good else 0.11)
    vector = replace(BASE, target=target, intervention="mean_difference", strength=0.5)
    yield from pick(vector, "final", "1")
    yield from curve(vector, 0.3, 0.2, 0.15)


def comparisons(
    row: MetricRow, layer: str, suffix: str, difference: float, draws_as_good: int
) -> Iterator[MetricRow]:
    row = replace(row, layer=layer)
    low, high = difference - 0.01, difference + 0.01
    yield replace(row, metric=f"top1_difference{suffix}", value=difference, ci_low=low, ci_high=high)
    yield replace(row, metric=f"p_value{suffix}", value=0.0001 if difference > 0.02 else 0.4)
    yield replace(row, metric=f"p_value_holm{suffix}", value=0.0002 if difference > 0.02 else 0.8)
    yield replace(row, metric=f"control_rank{suffix}", value=1.0 + draws_as_good, n=DRAWS)
    yield replace(row, metric=f"control_p_value{suffix}", value=(1 + draws_as_good) / 40, n=DRAWS)


@pytest.fixture(scope="session")
def metrics_rows() -> list[MetricRow]:
    """ja gains beyond every control; de gains nothing and the controls do as well, over budget."""
    return [
        *plain_rows(),
        *target_rows("ja", 0.187, draws_as_good=0),
        *target_rows("de", 0.13, draws_as_good=5, within=0.0),
    ]


@pytest.fixture(scope="session")
def database(tmp_path_factory, metrics_rows) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_experiments(folder, **{"try": ["de", "ja"]})
    write_metrics(folder / "try.parquet", metrics_rows, making=make("try", folder))
    build_database([folder / "try.parquet"], folder / "metrics.duckdb")
    return folder / "metrics.duckdb"


EXPERIMENT = """\
  {name}:
    model: builtin
    corpus: {{source: builtin, languages: [de, en, ja], find: 10, dev: 5, test: 5}}
    targets: {targets}
    collect: {{}}
    rank: {{}}
    steer: {{}}
    embed: {{}}
    evaluate: {{}}
"""


def write_experiments(folder: Path, **targets: Sequence[str]) -> None:
    text = "".join(EXPERIMENT.format(name=name, targets=f"[{', '.join(of)}]") for name, of in targets.items())
    (folder / "experiments.yaml").write_text(f"schema: 1\nexperiments:\n{text}")


def make(experiment: str, folder: Path) -> Making:
    """With the settings of the file in the folder."""
    settings = load_experiments(folder / "experiments.yaml").experiments[experiment]
    return Making(
        settings=fill_in(settings),
        corpus="builtin, 3 languages, find 10, dev 5, test 5",
        texts={"test": "0123"},
        steering=tell_steering(settings),
        polysteer="0.1.0",
    )


@pytest.fixture
def project(tmp_path, database, monkeypatch) -> Path:
    write_experiments(tmp_path, **{"try": ["de", "ja"]})
    metrics = Layout(tmp_path / "artifacts").experiment("try").metrics
    metrics.parent.mkdir(parents=True)
    shutil.copy(database.with_name("try.parquet"), metrics)
    monkeypatch.chdir(tmp_path)
    return tmp_path


STUDIED = {"try": ["de", "ja"], "other": ["ja"], "plain": ["ja"], "later": ["ja"]}
PAIRS = (("de", "en"), ("de", "ja"), ("en", "de"), ("en", "ja"), ("ja", "de"), ("ja", "en"))


def pairs(row: MetricRow, *values: float) -> Iterator[MetricRow]:
    for (source, reference), value in zip(PAIRS, values, strict=True):
        yield replace(
            row,
            metric="top1",
            layer="final",
            source=source,
            reference=reference,
            value=value,
            candidates=500,
        )


def study_rows() -> Iterator[MetricRow]:
    """ja as it is above, with pairs, mean reciprocal ranks, dev's baseline and two methods of later days."""
    yield from plain_rows()
    yield from target_rows("ja", 0.187, draws_as_good=0)
    mask = replace(BASE, target="ja", intervention="set", strength=1.0, sites="attn.out", score="ap_union")
    mask = replace(mask, k=0.2)
    yield from pairs(BASE, 0.10, 0.20, 0.11, 0.21, 0.12, 0.22)
    yield from pairs(mask, 0.15, 0.30, 0.10, 0.31, 0.13, 0.25)
    yield replace(BASE, metric="top1", layer="final", split="dev", value=0.11)
    for row, mrr in ((BASE, 0.2), (mask, 0.3)):
        yield replace(row, metric="mrr", layer="final", value=mrr, ci_low=mrr - 0.01, ci_high=mrr + 0.01)
        yield replace(row, metric="linear_cka", layer="final", value=10 * mrr)
    for pooling, mexa in (("mean", 0.8), ("last", 0.2)):
        yield replace(BASE, metric="mexa", layer="final", embedding_pooling=pooling, value=mexa)
    for name in ("permuted", "brand_new"):
        for draw, top1 in enumerate((0.16, 0.18)):
            later = replace(mask, intervention=name, draw=draw)
            yield from pick(later, "final", None)
            yield replace(later, metric="top1", layer="final", value=top1, candidates=500, n=500)


@pytest.fixture(scope="session")
def study_files(tmp_path_factory) -> Path:
    """Metrics of `try`, of `other` with a smaller pool and half the gain, and of one that steers nothing."""
    folder = tmp_path_factory.mktemp("study")
    write_experiments(folder, **STUDIED)
    rows = list(study_rows())
    write_metrics(folder / "try.parquet", rows, making=make("try", folder))
    other = [replace(row, experiment="other", candidates=row.candidates and 200) for row in rows]
    other = [
        replace(row, value=0.156) if row.value == 0.187 and row.metric == "top1" else row for row in other
    ]
    write_metrics(folder / "other.parquet", other, making=make("other", folder))
    plain = replace(BASE, experiment="plain", metric="language_abx", value=0.7)
    checkpoints = [
        made
        for revision, top in (("step-1", 0.6), ("step-2", 0.9))
        for made in (
            *pick(replace(plain, revision=revision), "final", None),
            *(replace(plain, revision=revision, layer=layer, value=top) for layer in LAYERS),
        )
    ]
    write_metrics(folder / "plain.parquet", checkpoints, making=make("plain", folder))
    return folder


@pytest.fixture
def study(tmp_path, study_files, monkeypatch) -> Path:
    """A project of those three, and of one that was not run."""
    write_experiments(tmp_path, **STUDIED)
    ignored = shutil.ignore_patterns("experiments.yaml")
    shutil.copytree(study_files, tmp_path / "artifacts" / "metrics", ignore=ignored)
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
