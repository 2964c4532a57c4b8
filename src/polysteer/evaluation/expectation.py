"""The rows that say whose tokens the model expects under a condition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from polysteer.evaluation.case import Case
from polysteer.metrics.mass import measure_mass, measure_share
from polysteer.metrics.names import ALL, excluding
from polysteer.store.rows import MetricRow
from polysteer.trials.encoded import StoredVectors, load_tokens


def list_own_tokens(case: Case) -> Iterator[MetricRow]:
    """How many tokens are a target's own, and what share of each language's test text they are."""
    for target in case.targets if case.plain.test.losses else ():
        own = case.own_tokens[target]
        row = replace(case.base, reference=target)
        yield replace(row, metric="own_tokens", source=None, split="find", value=float(len(own)))
        if len(own):
            texts = {
                language: load_tokens(case.layout.tokens("test", language))
                for language in case.corpus.languages
            }
            shares = {language: measure_share(*tokens, own) for language, tokens in texts.items()}
            yield from _list_languages(replace(row, metric="own_token_share"), target, shares)


def list_masses(case: Case, row: MetricRow, condition: str, targets: Sequence[str]) -> Iterator[MetricRow]:
    """How much of what is expected under a condition is a target's own tokens."""
    if not case.plain.test.losses:
        return
    paths = {language: case.layout.encoded(condition, "test", language) for language in case.corpus.languages}
    files = {language: StoredVectors(path) for language, path in paths.items()}
    for target in targets:
        own = case.own_tokens[target]
        if not len(own):
            continue
        masses = {
            language: measure_mass(file.expected, own, n_positions=file.loss.n_tokens)
            for language, file in files.items()
            if file.expected is not None and file.loss is not None
        }
        of_target = replace(row, metric="target_mass", reference=target)
        yield from _list_languages(of_target, target, masses)


def _list_languages(row: MetricRow, target: str, values: Mapping[str, float]) -> Iterator[MetricRow]:
    """Each language's text, the mean over all, and the mean over all but the target's."""
    for language, value in values.items():
        yield replace(row, source=language, value=value)
    others = [value for language, value in values.items() if language != target]
    yield replace(row, source=ALL, value=float(np.mean(list(values.values()))))
    yield replace(row, source=excluding(target), value=float(np.mean(others)))
