"""The rows of a model's checkpoints, read without a mask: how its space came about in training."""

from collections.abc import Iterator
from dataclasses import replace

from polysteer.evaluation.case import Case
from polysteer.evaluation.families import list_families
from polysteer.evaluation.spaces import list_spaces, retrieve_by_layer
from polysteer.evaluation.tags import list_tag_probe
from polysteer.layout import checkpoint_condition
from polysteer.store.rows import MetricRow


def list_checkpoints(case: Case) -> Iterator[MetricRow]:
    """Every layer of every checkpoint, the primary layer in detail; `revision` says which checkpoint."""
    for name in case.checkpoints:
        find, test = (case.evidence.read(checkpoint_condition(name), split) for split in ("find", "test"))
        row, retrieval, evaluate = (
            replace(case.base, revision=name),
            retrieve_by_layer(test),
            case.settings.evaluate,
        )
        picked = (case.primary,)
        yield from list_spaces(
            row, test, retrieval, picked=picked, targets=(), unseen=case.unseen, evaluate=evaluate
        )
        yield from list_families(case, row, find, test, retrieval, picked=picked)
        yield from list_tag_probe(case, row, checkpoint_condition(name), picked=picked)
