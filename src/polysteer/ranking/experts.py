"""From scores and values to masks: a language's own experts, all languages' together, random controls."""

from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from polysteer.errors import ConfigError, MaskError
from polysteer.masks.mask import ExpertMask
from polysteer.masks.metadata import MaskMetadata
from polysteer.masks.neurons import Addresses
from polysteer.ranking.rules import (
    Scores,
    SelectionRule,
    select_active,
    select_by_language,
    select_experts,
)
from polysteer.ranking.selection import Neurons, draw_control
from polysteer.ranking.table import RankTable
from polysteer.terms import Experts

DEFAULT_RULE = SelectionRule()


@dataclass(frozen=True)
class Provenance:
    """What all masks of one ranking have in common."""

    model_id: str
    model_revision: str | None
    model_family: str
    shape_fingerprint: str
    pool: str
    corpus_fingerprint: str
    licence: str | None = None
    notes: str | None = None


def build_mask(
    table: RankTable,
    provenance: Provenance,
    *,
    target: str,
    experts: Experts,
    score: str,
    k: float | None,
    value: str,
    intervention: str = "set",
    rule: SelectionRule = DEFAULT_RULE,
) -> ExpertMask:
    """The experts of the target, or of all ranked languages, held at the target's values.

    A neuron's score is the target's in a mask of its own, and the best of all languages' in a union. What
    other interventions need goes into the mask as far as the table has it.
    """
    chosen, shown = _select(table, target, experts, score, k, rule)
    metadata = MaskMetadata(
        language=target,
        sites=list(table.neurons.sites),
        experts=experts,
        intervention=intervention,
        model_id=provenance.model_id,
        model_revision=provenance.model_revision,
        model_family=provenance.model_family,
        n_blocks=table.neurons.n_blocks,
        width_by_site=table.neurons.width_by_site,
        shape_fingerprint=provenance.shape_fingerprint,
        score=score,
        pool=provenance.pool,
        k=k,
        k_per=rule.per,
        ends=rule.ends,
        threshold=rule.threshold,
        exclusive=rule.exclusive,
        source_languages=table.source_languages(target) if table.statistics else None,
        value_statistic=value,
        languages=list(table.languages),
        corpus_fingerprint=provenance.corpus_fingerprint,
        polysteer_version=version("polysteer"),
        licence=provenance.licence,
        notes=provenance.notes,
    )
    return _hold(table, metadata, chosen, shown)


def rebuild_mask(table: RankTable, known: MaskMetadata, *, value: str) -> ExpertMask:
    """What a mask of experts would be by another table's scores, held at another table's values."""
    if (
        known.experts not in ("own", "union")
        or known.score is None
        or known.k_per is None
        or known.ends is None
    ):
        raise MaskError(f"a mask of {known.experts} experts does not say how its neurons were chosen")
    rule = SelectionRule(known.k_per, known.ends, known.threshold, bool(known.exclusive))
    chosen, shown = _select(table, known.language, known.experts, known.score, known.k, rule)
    return _hold(table, known.model_copy(update={"value_statistic": value}), chosen, shown)


def build_control(table: RankTable, mask: ExpertMask, *, seed: int, draw: int) -> ExpertMask:
    """Random neurons, spread over sites and blocks as the mask's, held at their own values for its target."""
    known = mask.metadata
    if tuple(known.sites) != table.neurons.sites or known.experts == "random" or known.score is None:
        raise MaskError("a control is drawn for a mask of experts that was made from the same scores")
    experts = table.neurons.number(Addresses(mask.site, mask.block, mask.unit))
    chosen = draw_control(experts, table.neurons, seed=seed, draw=draw)
    metadata = known.model_copy(
        update={"experts": "random", "control_of": known.experts, "draw": draw, "seed": seed}
    )
    return _hold(table, metadata, chosen, table.scores_of(known.score)[table.index_of(known.language)])


def _select(
    table: RankTable, target: str, experts: str, score: str, k: float | None, rule: SelectionRule
) -> tuple[Neurons, Scores]:
    """The experts, and the scores of all neurons that are shown for them.

    By LAPE a language may have none while others have some; any other rule that leaves none is a mistake.
    """
    scores, target_row = table.scores_of(score), table.index_of(target)
    if experts == "own":
        chosen, shown = _select_own(table, score, target_row, k, rule), scores[target_row]
    elif experts == "union":
        everyone = _select_all(table, score, k, rule)
        chosen, shown = np.unique(np.concatenate(everyone)), scores.max(axis=0)
    else:
        raise ConfigError(f"no such experts: {experts!r}; there are own and union")
    if not len(chosen) and not (score == "lape" and any(map(len, _select_all(table, score, k, rule)))):
        remedies = [] if k is None else ["raise k"]
        remedies += [] if rule.threshold is None else [f"lower the threshold, which is {rule.threshold:g}"]
        remedies += ["let languages share experts"] if rule.exclusive else []
        raise ConfigError(
            f"no neuron is left as an expert of {target} by {score} with k {k}; the best has "
            f"{float(scores[target_row].max()):.3g}: {', or '.join(remedies)}"
        )
    return chosen, shown


def _select_own(
    table: RankTable, score: str, target_row: int, k: float | None, rule: SelectionRule
) -> Neurons:
    if score == "lape" or rule.exclusive:
        return _select_all(table, score, k, rule)[target_row]
    return select_experts(table.scores_of(score)[target_row], table.neurons, k, rule)


def _select_all(table: RankTable, score: str, k: float | None, rule: SelectionRule) -> list[Neurons]:
    select = select_active if score == "lape" else select_by_language
    return select(table.scores_of(score), table.neurons, k, rule)


def _hold(
    table: RankTable,
    metadata: MaskMetadata,
    chosen: Neurons,
    scores: Scores,
) -> ExpertMask:
    assert metadata.value_statistic is not None
    values = table.values_of(metadata.value_statistic, metadata.language)
    site, block, unit = table.neurons.locate(chosen)
    row = table.index_of(metadata.language)
    needed = {name: numbers[row, chosen] for name, numbers in table.statistics.items()}
    return ExpertMask(metadata, site, block, unit, scores[chosen], values[chosen], **needed)
