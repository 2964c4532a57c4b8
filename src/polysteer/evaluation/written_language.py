"""The rows that say which language a model writes in under a condition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_series
from polysteer.metrics.names import ALL, excluding
from polysteer.metrics.series import Series
from polysteer.store.rows import MetricRow
from polysteer.trials.writing_tasks import load_texts

Told = Mapping[str, Sequence[str | None]]  # by language of the prompts, in which language each text is


def list_identification(case: Case) -> Iterator[MetricRow]:
    """How often the classifier is right on dev, which it has not seen; none where nothing was written."""
    if case.settings.evaluate.generate is None:
        return
    told = {lang: case.classifier.identify(case.corpus.texts(lang, "dev")) for lang in case.corpus.languages}
    row = replace(case.base, metric="identification_accuracy", reference=None, split="dev")
    rights = {language: [name == language for name in names] for language, names in told.items()}
    for language, right in rights.items():
        yield replace(row, source=language, value=float(np.mean(right)), n=len(right))
    together = np.concatenate(list(rights.values()))
    yield replace(row, source=ALL, value=float(together.mean()), n=len(together))


def list_written(case: Case, row: MetricRow, condition: str, targets: Sequence[str]) -> Iterator[MetricRow]:
    """How often what a condition wrote is in the target's language and in the prompt's."""
    if case.settings.evaluate.generate is None:
        return
    paths = {lang: case.layout.written(condition, lang) for lang in case.corpus.languages}
    texts = {lang: [one.text for one in load_texts(path)] for lang, path in paths.items()}
    told = {lang: case.classifier.identify(of_one) for lang, of_one in texts.items()}
    series = _list_series("written_in_own", None, {lang: lang for lang in told}, told, targets)
    for target in targets:
        series += _list_series("written_in_target", target, dict.fromkeys(told, target), told, [target])
    yield from list_series(case, row, series)


def _list_series(
    metric: str, reference: str | None, wanted: Mapping[str, str], told: Told, targets: Sequence[str]
) -> list[Series]:
    """Of each language's prompts, of all, and of all but a target's, which texts are in the one wanted."""
    hits = {language: [name == wanted[language] for name in names] for language, names in told.items()}
    n_most = max(map(len, hits.values()))
    series = [Series(metric, language, reference, _stack([row], n_most)) for language, row in hits.items()]
    series.append(Series(metric, ALL, reference, _stack(list(hits.values()), n_most)))
    for target in targets:
        others = [row for language, row in hits.items() if language != target]
        series.append(Series(metric, excluding(target), reference, _stack(others, n_most)))
    return series


def _stack(rows: Sequence[Sequence[bool]], n_most: int) -> npt.NDArray[np.float64]:
    """[language, prompt], NaN where a language has fewer."""
    return np.array([[*map(float, row), *[np.nan] * (n_most - len(row))] for row in rows])
