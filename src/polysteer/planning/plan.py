"""The plan of an experiment: text and model looked at, and everything that follows from them counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transformers import AutoModelForCausalLM

from polysteer.config import Experiment
from polysteer.config.erase import list_erased_layers
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.languages import resolve_language
from polysteer.corpus.parallel import check_comparable
from polysteer.errors import ModelError, SiteError
from polysteer.models.inspection import ModelFacts, inspect_model
from polysteer.models.loading import choose_auto_class
from polysteer.models.shape import ModelShape
from polysteer.models.source import find_source, load_config, load_tokenizer
from polysteer.planning.jobs import Job, list_jobs, list_readings, list_writing
from polysteer.planning.memory import Memory, estimate_memory
from polysteer.planning.speed import Speed
from polysteer.planning.storage import Stored, list_stored
from polysteer.planning.text import measure_text


@dataclass(frozen=True)
class Plan:
    """What an experiment that starts from nothing takes, counted rather high than low."""

    model: str
    n_parameters: int
    n_neurons: int  # of the sites that are collected
    languages: tuple[str, ...]
    n_sentences: Mapping[str, int]  # by split, over all languages
    jobs: tuple[Job, ...]
    stored: tuple[Stored, ...]
    memory: Memory

    @property
    def forward_tokens(self) -> int:
        """Through the model."""
        return sum(job.forward_tokens for job in self.jobs)

    @property
    def loss_tokens(self) -> int:
        """Of those, the ones that go through the loss as well."""
        return sum(job.loss_tokens for job in self.jobs)

    @property
    def disk_bytes(self) -> int:
        """In artifacts/."""
        return sum(item.n_bytes for item in self.stored)

    def to_json(self, speed: Speed | None) -> dict[str, Any]:
        """Plain dicts and lists; without a speed there are no minutes."""
        return {
            "model": self.model,
            "parameters": self.n_parameters,
            "neurons": self.n_neurons,
            "languages": list(self.languages),
            "sentences": dict(self.n_sentences),
            "forward_tokens": self.forward_tokens,
            "loss_tokens": self.loss_tokens,
            "jobs": [job._asdict() | {"minutes": estimate_minutes(job, speed)} for job in self.jobs],
            "disk_bytes": self.disk_bytes,
            "stored": {item.name: item.n_bytes for item in self.stored},
            "memory": self.memory._asdict() | {"total": self.memory.total},
            "tokens_per_second": speed and speed._asdict(),
            "minutes": self.minutes(speed),
        }

    def minutes(self, speed: Speed | None) -> float | None:
        """What the model reads; what it writes, ranking and evaluation, on the processor, come on top."""
        minutes = [estimate_minutes(job, speed) for job in self.jobs]
        return sum(part for part in minutes if part is not None) if speed else None


def plan_experiment(settings: Experiment, corpus: Corpus) -> Plan:
    """Look at the model's config and tokenizer and at all of the text; no weights are read."""
    check_comparable(corpus, [resolve_language(target, corpus.languages) for target in settings.targets])
    model, sites = settings.model, settings.collect.sites
    facts = inspect_model(
        model.id,
        revision=model.revision,
        dtype=model.dtype,
        device=model.device,
        trust_remote_code=model.trust_remote_code,
        overrides=model.overrides,
        batch_tokens=max(settings.collect.token_budget, settings.embed.token_budget),
    )
    shape = _read_shape(facts)
    _check_sites(facts, sites)
    if settings.erasures():
        list_erased_layers(settings.erasures(), settings.embed.layers, n_blocks=shape.n_blocks)
    source = find_source(model.id, revision=model.revision, trust_remote_code=model.trust_remote_code)
    if facts.tokenizer_problem:
        raise ModelError(facts.tokenizer_problem)
    tokenizer = load_tokenizer(source)
    text = measure_text(corpus, tokenizer, settings, max_tokens=facts.max_tokens)
    readings, config = list_readings(settings, text), load_config(source)
    predicts = choose_auto_class(config) is AutoModelForCausalLM
    measures_losses = predicts and "perplexity" in settings.evaluate.families
    _check_writes(settings, facts, predicts=predicts)
    n_vocabulary = config.get_text_config().vocab_size if measures_losses else 0
    return Plan(
        model=model.id,
        n_parameters=facts.parameters,
        n_neurons=shape.count_neurons(sites),
        languages=text.languages,
        n_sentences={split: text.count_sentences(split) for split in corpus.splits},
        jobs=(
            *list_jobs(settings, text, readings, measures_losses=measures_losses),
            *list_writing(settings, corpus, tokenizer),
        ),
        stored=tuple(list_stored(settings, text, shape, readings, n_vocabulary=n_vocabulary)),
        memory=estimate_memory(settings, text, shape, facts, measures_losses=measures_losses),
    )


def estimate_minutes(job: Job, speed: Speed | None) -> float | None:
    """How long one job takes at a speed of reading, which says nothing of how fast text is written."""
    if speed is None or job.is_written:
        return None
    plain = (job.forward_tokens - job.loss_tokens) / speed.plain
    return (plain + job.loss_tokens / speed.with_losses) / 60


def _check_writes(settings: Experiment, facts: ModelFacts, *, predicts: bool) -> None:
    if not predicts and (settings.evaluate.generate or settings.evaluate.translate):
        raise ModelError(
            f"{facts.model} predicts no next token, so there is nothing to generate or translate; write "
            "'generate: null' and 'translate: null' under 'evaluate'"
        )


def _check_sites(facts: ModelFacts, sites: tuple[str, ...]) -> None:
    for site in sites:
        if site not in facts.sites:
            raise SiteError(f"{facts.model} has no {site}: {facts.absent[site]}")


def _read_shape(facts: ModelFacts) -> ModelShape:
    widths = {site: found.width for site, found in facts.sites.items()}
    return ModelShape(facts.family, facts.blocks, facts.width, widths)
