"""The rows of what needs no mask: the baseline, centring, erasing, the mean difference, n-grams."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial

from polysteer.embeddings.surface import embed_surface
from polysteer.evaluation.case import Case
from polysteer.evaluation.evidence import DIRECTION_STRENGTHS, Spaces
from polysteer.evaluation.families import list_families
from polysteer.evaluation.pool import list_pool, list_pooled
from polysteer.evaluation.spaces import (
    Series,
    judge_retrieval,
    list_choice,
    list_directions,
    list_losses,
    list_series,
    list_spaces,
    retrieve_by_layer,
)
from polysteer.evaluation.tags import list_tag_probe
from polysteer.layout import BASELINE
from polysteer.metrics.choice import Choice
from polysteer.metrics.pairing import retrieve_shared
from polysteer.metrics.sparse import retrieve_sparse_translations
from polysteer.store.rows import (
    ALL,
    CENTRED,
    CHOSEN_SAME_LAYER,
    ERASED,
    ERASED_AT_RANDOM,
    MEAN_DIFFERENCE,
    SURFACE,
    MetricRow,
)


def list_baseline(case: Case) -> Iterator[MetricRow]:
    """The plain model."""
    plain = case.plain
    picked = (plain.same.layer, plain.best.layer)
    yield from list_choice(case.base, plain.same, plain.best)
    for choice in {plain.same.layer: plain.same, plain.best.layer: plain.best}.values():
        yield replace(case.base, metric="top1", layer=choice.layer, split="dev", value=choice.score)
    yield from list_spaces(
        case.base,
        plain.test,
        plain.retrieval_by_layer,
        picked=picked,
        targets=case.targets,
        unseen=case.unseen,
        evaluate=case.settings.evaluate,
    )
    find, found = case.evidence.find, plain.retrieval_by_layer
    yield from list_families(case, case.base, find, plain.test, found, picked=picked)
    yield from list_tag_probe(case, case.base, BASELINE, picked=picked)
    yield from list_losses(case.base, plain.test.losses)
    if case.settings.evaluate.distractors:
        yield from list_pool(
            case.base,
            plain.test,
            find,
            picked=picked,
            targets=case.targets,
            evaluate=case.settings.evaluate,
        )


def list_centred(case: Case) -> Iterator[MetricRow]:
    """Every language's mean taken away."""
    return _list_moved(case, CENTRED, case.evidence.center)


def list_erased(case: Case) -> Iterator[MetricRow]:
    """The span of the languages' mean differences taken away."""
    return _list_moved(case, ERASED, case.evidence.erase)


def list_erased_at_random(case: Case) -> Iterator[MetricRow]:
    """As many random directions taken away as `erase` takes, at the primary layer."""
    seed = case.settings.evaluate.seed
    for draw in range(case.settings.evaluate.extra_draws):
        move = partial(case.evidence.erase_at_random, layer=case.primary, seed=seed, draw=draw)
        row = replace(case.base, intervention=ERASED_AT_RANDOM, draw=draw)
        yield from _list_rival(case, row, move, case.plain.same, None)


def list_mean_difference(case: Case, target: str) -> Iterator[MetricRow]:
    """The mean difference added, as strongly as dev likes it."""
    judged = []
    for strength in DIRECTION_STRENGTHS:
        dev = case.evidence.add_direction(case.plain.dev, target, strength)
        judged.append(judge_retrieval(str(strength), retrieve_by_layer(dev)))
    same, best = case.choose_freely(judged)
    views = ((same, None), (None, best)) if same.label != best.label else ((same, best),)
    for at_primary, anywhere in views:
        choice = at_primary or anywhere
        assert choice is not None
        strength = float(choice.label)
        row = replace(case.base, intervention=MEAN_DIFFERENCE, target=target, strength=strength)
        move = partial(case.evidence.add_direction, target=target, strength=strength)
        yield from _list_rival(case, row, move, at_primary, anywhere)


def list_surface(case: Case) -> Iterator[MetricRow]:
    """Character n-grams, without any model."""
    row = replace(case.base, intervention=SURFACE, embedding_pooling=None)
    find = [text for language in case.corpus.languages for text in case.corpus.texts(language, "find")]
    texts = {language: case.corpus.texts(language, "test") for language in case.corpus.languages}
    vectors, pairings = embed_surface(texts, fitted_on=find), case.plain.test.pairings
    found = retrieve_shared(vectors, pairings, retrieve_sparse_translations)
    yield replace(row, metric=CHOSEN_SAME_LAYER, split="dev", value=1.0)
    series = [Series("top1", ALL, ALL, found.hits())]
    for target in case.targets:
        series += list_directions(found, target)
    yield from list_series(row, series, case.settings.evaluate)
    if case.settings.evaluate.distractors:
        more = {language: case.corpus.texts(language, "find") for language in case.corpus.languages}
        retrieve = partial(retrieve_sparse_translations, distractors=embed_surface(more, fitted_on=find))
        pooled = retrieve_shared(vectors, pairings, retrieve)
        yield from list_pooled(row, pooled, case.targets, case.settings.evaluate)


def _list_moved(case: Case, name: str, move: Callable[[Spaces], Spaces]) -> Iterator[MetricRow]:
    """What moves finished vectors, in one way and for all targets."""
    same, best = case.choose_freely([judge_retrieval(name, retrieve_by_layer(move(case.plain.dev)))])
    row = replace(case.base, intervention=name)
    yield from _list_rival(case, row, move, same, best)


def _list_rival(
    case: Case,
    row: MetricRow,
    move: Callable[[Spaces], Spaces],
    same: Choice | None,
    best: Choice | None,
) -> Iterator[MetricRow]:
    picked = [choice.layer for choice in (same, best) if choice]
    find = move(case.evidence.find.at_layers(picked)) if case.settings.evaluate.distractors else None
    yield from list_choice(row, same, best)
    yield from list_moved(case, row, move(case.plain.test), find, picked)


def list_moved(
    case: Case, row: MetricRow, test: Spaces, find: Spaces | None, picked: Collection[str]
) -> Iterator[MetricRow]:
    """What a way to move vectors does on test, and among the sentences of `find` where they are given."""
    targets, evaluate = [row.target] if row.target else case.targets, case.settings.evaluate
    yield from list_spaces(
        row,
        test,
        retrieve_by_layer(test),
        picked=picked,
        targets=targets,
        unseen=case.unseen,
        evaluate=evaluate,
    )
    if find is not None:
        yield from list_pool(row, test, find, picked=picked, targets=targets, evaluate=evaluate)
