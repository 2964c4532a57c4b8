"""The rows that say whose tokens the model expects: without a mask and under the chosen ones."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from polysteer.evaluation.case import Case
from polysteer.evaluation.steered import list_tried
from polysteer.layout import BASELINE
from polysteer.metrics.mass import measure_mass, measure_share
from polysteer.store.rows import ALL, MetricRow, excluding
from polysteer.trials.vectors import load_vectors


def list_expected(case: Case) -> Iterator[MetricRow]:
    """Every target's tokens: of the plain model, under its own chosen masks, and without the subspace."""
    if not case.plain.test.losses:
        return
    yield from _list_tokens(case)
    for target in case.targets:
        yield from _list_masses(case.base, case, target, BASELINE)
    for tried in list_tried(case):
        for label in case.evidence.choices(tried.name).labels:
            for target in tried.concerns(case):
                yield from _list_masses(tried.describe(label), case, target, f"{tried.name}/{label}")


def _list_tokens(case: Case) -> Iterator[MetricRow]:
    """How many tokens are a target's own, and what share of each language's test text they are."""
    for target in case.targets:
        own = case.evidence.own_tokens[target]
        row = replace(case.base, reference=target)
        yield replace(row, metric="own_tokens", source=None, split="find", value=float(len(own)))
        if len(own):
            texts = {language: case.evidence.tokens("test", language) for language in case.corpus.languages}
            shares = {language: measure_share(*tokens, own) for language, tokens in texts.items()}
            yield from _list_languages(replace(row, metric="own_token_share"), target, shares)


def _list_masses(row: MetricRow, case: Case, target: str, condition: str) -> Iterator[MetricRow]:
    own, masses = case.evidence.own_tokens[target], {}
    if not len(own):
        return
    for language in case.corpus.languages:
        read = load_vectors(case.evidence.layout.encoded(condition, "test", language))
        if read.expected is not None and read.loss is not None:
            masses[language] = measure_mass(read.expected, own, n_positions=read.loss.n_tokens)
    yield from _list_languages(replace(row, metric="target_mass", reference=target), target, masses)


def _list_languages(row: MetricRow, target: str, values: Mapping[str, float]) -> Iterator[MetricRow]:
    """Each language's text, the mean over all, and the mean over all but the target's."""
    for language, value in values.items():
        yield replace(row, source=language, value=value)
    others = [value for language, value in values.items() if language != target]
    yield replace(row, source=ALL, value=float(np.mean(list(values.values()))))
    yield replace(row, source=excluding(target), value=float(np.mean(others)))
