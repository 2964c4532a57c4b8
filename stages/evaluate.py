"""Metrics: every number of the experiment with its interval, as one Parquet file in long form."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version

from polysteer.arms.experiment import evaluate_case
from polysteer.artifacts import fingerprint
from polysteer.config import Experiment
from polysteer.config.filling import fill_in
from polysteer.config.steering import tell_steering
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.languages import given_forms
from polysteer.evaluation.case import Case
from polysteer.metrics.names import excluding
from polysteer.metrics.registry import find_metric
from polysteer.stages.lineage import check_settings
from polysteer.stages.run import Run
from polysteer.store.files import write_metrics
from polysteer.store.making import Making
from polysteer.store.rows import ChoiceRow, MetricRow, Row

SCHEMA_VERSION = 6


def perform(run: Run) -> str:
    """Numbers cost seconds: they are made anew each time, and are the same bytes for the same evidence."""
    check_settings(run, "embed")
    corpus = Corpus.read(run.layout.corpus)
    settings = run.settings
    sources = [checkpoint.source for checkpoint in run.checkpoints]
    base = MetricRow(
        experiment=run.name,
        model=settings.model.id,
        revision=settings.model.revision,
        embedding_pooling=settings.embed.pool,
        seed=settings.evaluate.seed,
        fingerprint=fingerprint(
            "metrics", SCHEMA_VERSION, run.model_source, sources, corpus.fingerprint(), settings
        ),
    )
    targets = run.name_targets(corpus)
    checkpoints = [checkpoint.name for checkpoint in run.checkpoints]
    case = Case(settings, corpus, run.layout, list(targets), base, checkpoints)
    given = given_forms(settings.corpus.languages) | targets
    rows = [_name_languages(row, given) for row in evaluate_case(case)]
    numbers = [row for row in rows if isinstance(row, MetricRow)]
    for metric in {row.metric for row in numbers}:
        find_metric(metric)  # refuses what nobody registered
    write_metrics(run.layout.metrics, rows, making=_tell_making(settings, corpus))
    return f"{len(numbers)} numbers"


def _name_languages(row: Row, given: Mapping[str, str]) -> Row:
    """Canonical codes become the user's own."""
    if isinstance(row, ChoiceRow):
        return row._replace(of=replace(row.of, target=given.get(row.of.target or "", row.of.target)))
    named = dict(given) | {excluding(code): excluding(own) for code, own in given.items()}
    return replace(
        row,
        target=named.get(row.target or "", row.target),
        source=named.get(row.source or "", row.source),
        reference=named.get(row.reference or "", row.reference),
    )


def _tell_making(settings: Experiment, corpus: Corpus) -> Making:
    sizes = (f"{split} {len(corpus.ids(split))}" for split in corpus.splits)
    return Making(
        settings=fill_in(settings),
        corpus=", ".join((settings.corpus.source, f"{len(corpus.languages)} languages", *sizes)),
        texts={split: _identify_texts(corpus, split) for split in corpus.splits},
        steering=tell_steering(settings),
        polysteer=version("polysteer"),
    )


def _identify_texts(corpus: Corpus, split: str) -> str:
    return fingerprint(
        [(lang, corpus.ids(split, lang), corpus.texts(lang, split)) for lang in corpus.languages]
    )
