"""The rows of the rival that trains: what the model does after contrastive fine-tuning, and what it lost."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from polysteer.evaluation.case import Case
from polysteer.evaluation.spaces import list_dev, list_losses, list_retrieval
from polysteer.metrics.choice import Judged
from polysteer.metrics.perplexity import LanguageLoss
from polysteer.store.rows import CHOSEN_SAME_LAYER, CONTRASTIVE, MetricRow
from polysteer.trials.judgement import Judgement


def list_finetuned(case: Case) -> Iterator[MetricRow]:
    """At the primary layer; `cost` is the largest that it is for any of the targets."""
    evaluate = case.settings.evaluate
    if evaluate.finetune is None:
        return
    row = replace(case.base, intervention=CONTRASTIVE)
    dev, test = (case.evidence.tuned(split) for split in ("dev", "test"))
    judged = Judged(CONTRASTIVE, dev.top1_by_layer(), _find_cost(case, dev, case.plain.dev.losses))
    yield from list_dev(row, judged)
    within = judged.cost is None or judged.cost <= evaluate.choose.cost_at_most
    yield replace(row, metric=CHOSEN_SAME_LAYER, layer=case.primary, split="dev", value=float(within))
    found = test.retrieval_by_layer[case.primary]
    at_layer = replace(row, layer=case.primary)
    yield from list_retrieval(at_layer, found, targets=case.targets, evaluate=evaluate)
    yield from list_losses(row, test.losses)
    cost = _find_cost(case, test, case.plain.test.losses)
    if cost is not None:
        yield replace(row, metric="cost", value=cost)


def _find_cost(case: Case, tuned: Judgement, plain: Mapping[str, LanguageLoss]) -> float | None:
    costs = [tuned.cost(plain, target) for target in case.targets]
    return max((cost for cost in costs if cost is not None), default=None)
