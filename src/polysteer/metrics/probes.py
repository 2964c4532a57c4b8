"""Linear probes: what a straight cut through the space can read off it.

A probe is multinomial logistic regression on standardised vectors (L2 penalty of weight 1, L-BFGS, at most
1,000 steps), fitted on `find` and read on `test`, on all languages together.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError
from polysteer.metrics.names import ALL, CHANCE_SUFFIX, PROBE_LANGUAGE, PROBE_TOPIC
from polysteer.metrics.series import Series, list_languages
from polysteer.metrics.vectors import VectorsByLanguage, check_finite, check_parallel
from polysteer.metrics.view import LayerView

Labels = Mapping[str, Sequence[str]]

MAX_STEPS = 1000


class Probe(NamedTuple):
    """Whether the label of a test sentence was read off, [language, sentence]; and whether guessing finds it.

    The guess is always the commonest label of `find`: its share is the level of chance.
    """

    hits: npt.NDArray[np.bool_]
    guesses: npt.NDArray[np.bool_]


class ProbeByLanguage(NamedTuple):
    """The same by language, [row] each, where languages may have unlike many."""

    hits: dict[str, npt.NDArray[np.bool_]]
    guesses: dict[str, npt.NDArray[np.bool_]]


def list_series(view: LayerView) -> Iterator[Series]:
    """What can be read off, and what guessing finds; nothing where languages hold unlike sentences."""
    if view.pairings is not None:
        return
    probes = {PROBE_LANGUAGE: probe_language(view.find, view.test)}
    if view.topics:
        find, test = view.topics
        vectors = find.select(view.find), test.select(view.test)
        probes[PROBE_TOPIC] = probe_labels(vectors[0], find.labels, vectors[1], test.labels)
    for metric, probe in probes.items():
        yield from list_languages(metric, view.test, probe.hits, in_detail=view.in_detail)
        yield Series(metric + CHANCE_SUFFIX, ALL, ALL, probe.guesses)


def probe_language(find: VectorsByLanguage, test: VectorsByLanguage) -> Probe:
    """Which language a sentence is in."""
    labels = ({name: [name] * len(rows) for name, rows in vectors.items()} for vectors in (find, test))
    return probe_labels(find, next(labels), test, next(labels))


def probe_labels(
    find: VectorsByLanguage, find_labels: Labels, test: VectorsByLanguage, test_labels: Labels
) -> Probe:
    """Any label that sentences have; a label that `find` lacks is never read off."""
    check_parallel(test)
    read = probe_rows(find, find_labels, test, test_labels)
    return Probe(*(np.stack(list(of.values())) for of in read))


def probe_rows(
    find: VectorsByLanguage, find_labels: Labels, test: VectorsByLanguage, test_labels: Labels
) -> ProbeByLanguage:
    """The same where languages need not have equally many rows: of words."""
    from sklearn.linear_model import LogisticRegression  # takes longer to import than most metrics to run
    from threadpoolctl import threadpool_limits

    fitted_on, fitted_labels = _join(find, find_labels, "find")
    read_on, read_labels = _join(test, test_labels, "test")
    names, counts = np.unique(fitted_labels, return_counts=True)
    if len(names) < 2:
        raise NumericError(
            f"all {len(fitted_labels)} rows of find have the label {str(names[0])!r}; a probe needs two"
        )
    mean, deviation = fitted_on.mean(axis=0), fitted_on.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1)
    # Each step multiplies by a matrix as narrow as there are labels: more threads only wait for each other.
    with threadpool_limits(1, user_api="blas"):
        probe = LogisticRegression(max_iter=MAX_STEPS).fit((fitted_on - mean) / scale, fitted_labels)
    hits = probe.predict((read_on - mean) / scale) == read_labels
    guesses = read_labels == names[counts.argmax()]
    stops = np.cumsum([len(rows) for rows in test.values()])[:-1]
    return ProbeByLanguage(
        *(dict(zip(test, np.split(found, stops), strict=True)) for found in (hits, guesses))
    )


def _join(
    vectors: VectorsByLanguage, labels: Labels, split: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.str_]]:
    """The rows and labels of all languages one after the other."""
    for language, rows in vectors.items():
        check_finite(rows, language)
        own = labels.get(language, ())
        if len(own) != len(rows):
            raise NumericError(f"{split}: {len(rows)} vectors of {language}, but {len(own)} labels")
        if not all(isinstance(label, str) and label for label in own):
            row = next(i for i, label in enumerate(own) if not (isinstance(label, str) and label))
            raise NumericError(f"{split}: {language} sentence {row} has no label; leave such sentences out")
    joined = np.concatenate([np.asarray(rows, dtype=np.float64) for rows in vectors.values()])
    return joined, np.array([label for language in vectors for label in labels[language]])
