"""The rows of the rival that trains: what the model does after contrastive fine-tuning, and what it lost."""

from collections.abc import Iterator
from dataclasses import replace

from polysteer.evaluation.case import Case
from polysteer.evaluation.spaces import list_dev, list_losses, list_retrieval
from polysteer.store.rows import CHOSEN_SAME_LAYER, CONTRASTIVE, MetricRow


def list_finetuned(case: Case) -> Iterator[MetricRow]:
    """At the primary layer; it has no target, so that `cost` is over all languages."""
    evaluate = case.settings.evaluate
    if evaluate.finetune is None:
        return
    row = replace(case.base, intervention=CONTRASTIVE)
    dev, test = (case.evidence.tuned(split) for split in ("dev", "test"))
    judged = dev.as_judged(case.plain.dev.losses, None)
    yield from list_dev(row, judged)
    within = judged.cost is None or judged.cost <= evaluate.choose.cost_at_most
    yield replace(row, metric=CHOSEN_SAME_LAYER, layer=case.primary, split="dev", value=float(within))
    found = test.retrieval_by_layer[case.primary]
    at_layer = replace(row, layer=case.primary)
    yield from list_retrieval(at_layer, found, targets=case.targets, evaluate=evaluate)
    yield from list_losses(row, test.losses)
    cost = test.cost(case.plain.test.losses, None)
    if cost is not None:
        yield replace(row, metric="cost", value=cost)
