"""The rows that say which language a model writes in: without a mask and under each target's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from polysteer.corpus.classifier import LanguageClassifier
from polysteer.evaluation.case import Case
from polysteer.evaluation.spaces import Series, list_series
from polysteer.layout import BASELINE
from polysteer.store.rows import ALL, MetricRow, excluding
from polysteer.trials.texts import load_texts

Told = Mapping[str, Sequence[str | None]]  # by language of the prompts, in which language each text is


def list_written(case: Case) -> Iterator[MetricRow]:
    """How often texts are in the target's language and in the prompt's; none where nothing was written."""
    if case.settings.evaluate.generate is None:
        return
    find = {language: case.corpus.texts(language, "find") for language in case.corpus.languages}
    classifier = LanguageClassifier(find)
    yield from _list_accuracy(case, classifier)
    plain = _tell_languages(case, classifier, BASELINE)
    yield from _list_shares(case, case.base, plain, case.targets)
    for target in case.targets:
        label = case.evidence.choices(target).same_layer.label
        told = _tell_languages(case, classifier, f"{target}/{label}")
        yield from _list_shares(case, case.describe(target, case.find_candidate(label)), told, [target])


def _list_accuracy(case: Case, classifier: LanguageClassifier) -> Iterator[MetricRow]:
    """How often the classifier is right on dev, which it has not seen."""
    told = {lang: classifier.identify(case.corpus.texts(lang, "dev")) for lang in case.corpus.languages}
    row = replace(case.base, metric="identification_accuracy", reference=None, split="dev")
    rights = {language: [name == language for name in names] for language, names in told.items()}
    for language, right in rights.items():
        yield replace(row, source=language, value=float(np.mean(right)), n=len(right))
    together = np.concatenate(list(rights.values()))
    yield replace(row, source=ALL, value=float(together.mean()), n=len(together))


def _tell_languages(case: Case, classifier: LanguageClassifier, condition: str) -> Told:
    return {
        language: classifier.identify(load_texts(case.evidence.layout.written(condition, language)).texts)
        for language in case.corpus.languages
    }


def _list_shares(case: Case, row: MetricRow, told: Told, targets: Sequence[str]) -> Iterator[MetricRow]:
    series = _list_series("written_in_own", None, {lang: lang for lang in told}, told, targets)
    for target in targets:
        series += _list_series("written_in_target", target, dict.fromkeys(told, target), told, [target])
    yield from list_series(row, series, case.settings.evaluate)


def _list_series(
    metric: str, reference: str | None, wanted: Mapping[str, str], told: Told, targets: Sequence[str]
) -> list[Series]:
    """Of each language's prompts, of all, and of all but a target's, which texts are in the one wanted."""
    hits = {language: _compare(names, wanted[language]) for language, names in told.items()}
    series = [Series(metric, language, reference, values) for language, values in hits.items()]
    series.append(Series(metric, ALL, reference, np.stack(list(hits.values()))))
    for target in targets:
        others = np.stack([values for language, values in hits.items() if language != target])
        series.append(Series(metric, excluding(target), reference, others))
    return series


def _compare(names: Sequence[str | None], wanted: str) -> npt.NDArray[np.bool_]:
    return np.array([name == wanted for name in names])
