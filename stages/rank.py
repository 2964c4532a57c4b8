"""Masks: all neurons scored for all languages in one reading, and the experts of every point of the sweep."""

import logging
from pathlib import Path

from polysteer.artifacts import fingerprint
from polysteer.config import Candidate
from polysteer.config.experts import RankSettings
from polysteer.corpus.corpus_table import Corpus
from polysteer.currency import is_current
from polysteer.jsonfile import read_json
from polysteer.masks.interventions import list_statistics
from polysteer.masks.mask import ExpertMask
from polysteer.masks.sets import keep_blocks
from polysteer.ranking.experts import Provenance, build_mask
from polysteer.ranking.rules import SelectionRule
from polysteer.ranking.table import RankTable, narrow_table, rank_responses
from polysteer.responses.shards import REMEDY
from polysteer.responses.store import ResponseStore
from polysteer.stages.lineage import check_settings, recorded
from polysteer.stages.run import Run

SCHEMA_VERSION = 3

_LOGGER = logging.getLogger(__name__)


def perform(run: Run) -> str:
    """Score unless it is done, then write a mask per target and candidate."""
    if not run.settings.candidates():
        run.layout.masks.mkdir(parents=True, exist_ok=True)  # the pipeline looks for it
        return "no masks are asked for"
    check_settings(run, "collect")
    with recorded(run, "rank"):
        return _rank_all(run)


def _rank_all(run: Run) -> str:
    corpus = Corpus.read(run.layout.corpus)
    targets = run.name_targets(corpus)
    empty: dict[str, list[str]] = {}
    masks = {candidate.mask_label: candidate for candidate in run.settings.candidates()}
    for pool in run.settings.collect.pool_names:
        store = ResponseStore(run.layout.pooled(pool), corpus.languages)
        table = _rank(run, store, run.layout.scores(pool))
        provenance = _describe(run, corpus, store)
        own = {label: candidate for label, candidate in masks.items() if candidate.pool == pool}
        for label, candidate in own.items():
            of_sites = table if candidate.sites is None else narrow_table(table, store, candidate.sites)
            for target in targets:
                mask = _build(of_sites, provenance, target, candidate, run.settings.rank)
                mask.save(run.layout.mask(target, label))
                if not len(mask):
                    empty.setdefault(target, []).append(label)
    for target, labels in empty.items():
        _LOGGER.warning(
            "no neuron is an expert of %s by %s: these masks are empty and change nothing; raise k, or leave "
            "the target out",
            target,
            ", ".join(labels),
        )
    return f"{table.neurons.n_neurons} neurons, {len(masks)} masks for each of {len(targets)} targets"


def _rank(run: Run, store: ResponseStore, path: Path) -> RankTable:
    wanted = run.settings.rank
    responses = [store.fingerprint(language) for language in store.languages]
    source = wanted.find_source(store.languages)
    statistics = list_statistics(run.settings.steer.on_neurons)
    stamp = fingerprint("rank", SCHEMA_VERSION, responses, wanted.score, wanted.value, statistics, source)
    if not is_current(path, stamp):
        table = rank_responses(
            store,
            scores=wanted.score,
            values=wanted.value,
            statistics=statistics,
            source=source,
            progress=run.progress,
        )
        table.save(path, stamp=stamp)
    return RankTable.load(path)


def _describe(run: Run, corpus: Corpus, store: ResponseStore) -> Provenance:
    facts = read_json(run.layout.model_facts, remedy=REMEDY)
    return Provenance(
        model_id=run.settings.model.id,
        model_revision=run.settings.model.revision,
        model_family=facts["family"],
        shape_fingerprint=facts["shape"],
        pool=store.pool,
        corpus_fingerprint=corpus.fingerprint(),
    )


def _build(
    table: RankTable, provenance: Provenance, target: str, candidate: Candidate, wanted: RankSettings
) -> ExpertMask:
    mask = build_mask(
        table,
        provenance,
        target=target,
        experts=candidate.experts,
        score=candidate.score,
        k=candidate.k,
        value=candidate.value,
        rule=SelectionRule(wanted.per, wanted.ends, wanted.threshold, wanted.exclusive),
    )
    return mask if wanted.blocks == "all" else keep_blocks(mask, wanted.blocks)
