"""The shape of experiments.yaml, as frozen models that refuse unknown keys."""

import itertools
import re
from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from polysteer.config.erase import EraseSettings, Erasure
from polysteer.config.section import Section, Strength, as_tuple
from polysteer.corpus.languages import canonical_language
from polysteer.corpus.settings import CorpusSettings, Languages
from polysteer.layout import RESERVED

SCHEMA_VERSION = 1

Site = Literal["mlp.hidden", "mlp.up", "mlp.gate", "mlp.out", "attn.qkv", "attn.out", "block.out"]
PRESETS: dict[str, tuple[str, ...]] = {
    "mlp": ("mlp.hidden",),
    "selfcond": ("attn.qkv", "attn.out", "mlp.up", "mlp.out"),
}
Score = Literal["ap", "auroc", "mean_diff", "lape"]
Experts = Literal["own", "union"]
Value = Literal[
    "token_median", "token_mean", "pooled_median", "pooled_p90", "pooled_mean", "others_token_mean"
]
Intervention = Literal[
    "set", "ablate", "scale", "add", "transport_mean", "transport_gaussian", "transport_linear"
]
Layer = Annotated[int, Field(ge=0)] | Literal["final"]


def _expand_presets(value: object) -> object:
    names = as_tuple(value)
    assert isinstance(names, list | tuple)
    return tuple(site for name in names for site in PRESETS.get(name, (name,)))


def _check_name(name: str) -> str:
    if name in RESERVED or not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise ValueError(
            f"an experiment cannot be called {name!r}: use lower-case letters, digits, '-' and '_' "
            f"(it names a folder and a pipeline stage), and not {' or '.join(map(repr, RESERVED))}"
        )
    return name


ExperimentName = Annotated[str, AfterValidator(_check_name)]


class ModelSettings(Section):
    """Which model, and how to load it."""

    id: str
    revision: str | None = None
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    device: str = "auto"
    device_map: str | None = None
    trust_remote_code: bool = False
    allow_pickle: bool = False
    sites: dict[Site, str | tuple[str, ...]] = Field(
        default_factory=dict,
        description="where a site's modules are, with * for the block's number, if structure does not tell",
    )


class CollectSettings(Section):
    """Where responses are taken and how a sentence's tokens become one number."""

    sites: Annotated[tuple[Site, ...], BeforeValidator(_expand_presets)] = ("mlp.hidden",)
    pool: Literal["max", "mean"] = "max"
    token_budget: int = Field(4096, ge=1, description="tokens per batch")


class RankSettings(Section):
    """How experts are found and what they are held at; a list is a sweep."""

    score: Annotated[tuple[Score, ...], BeforeValidator(as_tuple)] = ("ap",)
    experts: Annotated[tuple[Experts, ...], BeforeValidator(as_tuple)] = ("own",)
    k: Annotated[
        tuple[Annotated[float, Field(gt=0)] | None, ...],
        BeforeValidator(as_tuple),
        Field(
            description="experts per language: a fraction of all neurons below 1, else a count; "
            "null for every neuron that reaches the threshold"
        ),
    ] = (0.03,)
    value: Annotated[tuple[Value, ...], BeforeValidator(as_tuple)] = ("token_median",)
    per: Literal["model", "site", "block"] = Field("model", description="of how many neurons k is a share")
    blocks: Literal["all"] | tuple[int, ...] = Field(
        "all", description="blocks whose experts are kept; -1 is the last"
    )
    ends: Literal["top", "bottom", "both"] = "top"
    threshold: float | None = Field(None, description="the score that experts have at least")
    exclusive: bool = Field(False, description="no neuron is an expert of two languages")
    source: str | None = Field(None, description="the language that add and transport lead away from")

    @field_validator("k")
    @classmethod
    def _counts_are_whole(cls, k: tuple[float | None, ...]) -> tuple[float | None, ...]:
        for value in k:
            if value is not None and value >= 1 and value != int(value):
                raise ValueError(f"{value} is neither a fraction below 1 nor a whole number of neurons")
        return k

    @model_validator(mode="after")
    def _something_bounds_the_experts(self) -> "RankSettings":
        if None in self.k and self.threshold is None:
            raise ValueError("k is null and there is no threshold, so every neuron is an expert; give one")
        if self.threshold is not None and self.ends != "top":
            raise ValueError(
                f"a threshold of {self.threshold:g} is for the best neurons, and ends is {self.ends!r}; "
                "use one of the two"
            )
        return self


class SteerSettings(Section):
    """What a mask does; a list is a sweep. `erase` needs no mask, and has settings of its own."""

    intervention: Annotated[
        tuple[Literal[Intervention, "erase"], ...], BeforeValidator(as_tuple), Field(min_length=1)
    ] = ("set",)
    strength: Annotated[tuple[Strength, ...], BeforeValidator(as_tuple)] = (1.0,)
    where: Literal["real", "last", "all"] = Field("real", description="the tokens at which neurons are held")
    erase: EraseSettings = EraseSettings()

    @property
    def on_neurons(self) -> tuple[Intervention, ...]:
        """The interventions that act on experts."""
        return tuple(name for name in self.intervention if name != "erase")


class EmbedSettings(Section):
    """How a sentence becomes a vector."""

    pool: Literal["mean", "max", "last"] = "mean"
    layers: Literal["all"] | tuple[Layer, ...] = "all"
    layer: Layer = Field("final", description="the primary layer: the one that users of the model take")
    token_budget: int = Field(4096, ge=1, description="tokens per batch")

    @model_validator(mode="after")
    def _primary_is_read(self) -> "EmbedSettings":
        if self.layers != "all" and self.layer not in self.layers:
            raise ValueError(f"the primary layer {self.layer!r} is not among the layers {list(self.layers)}")
        return self


class ChooseSettings(Section):
    """What is picked on dev, and within which budget."""

    maximize: Literal["top1"] = "top1"
    cost_at_most: float = Field(1.25, ge=1.0)
    cost_texts: int = Field(100, ge=1, description="dev sentences per language whose perplexity is the cost")


class EfficiencySettings(Section):
    """Experts from fewer sentences than `find` has: how many per language, and draws of each number."""

    sentences: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(as_tuple), Field(min_length=1)
    ]
    seeds: int = Field(3, ge=1, description="draws of sentences; one where all of them are asked for")

    @field_validator("sentences")
    @classmethod
    def _each_once(cls, sentences: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(sentences)) < len(sentences):
            raise ValueError(f"a number of sentences stands twice in {list(sentences)}")
        return sentences

    def count_draws(self, n_sentences: int, n_by_language: Iterable[int]) -> int:
        """All of every language's sentences can be drawn in one way alone."""
        return 1 if set(n_by_language) == {n_sentences} else self.seeds


class FinetuneSettings(Section):
    """A short contrastive fine-tuning of all weights on the translations in `find`: for small models."""

    steps: int = Field(200, ge=1)
    batch: int = Field(64, ge=2, description="meanings in a step, each in two languages")
    learning_rate: float = Field(1e-4, gt=0, description="of AdamW, the same at every step")
    temperature: float = Field(0.05, gt=0, description="cosines are divided by it")


class GenerateSettings(Section):
    """Writing on from the first words of test sentences, without a mask and under the chosen ones."""

    prompts: int = Field(20, ge=2, description="test sentences per language, at most")
    prompt_tokens: int = Field(4, ge=1, description="tokens of each that are given")
    new_tokens: int = Field(24, ge=1, description="tokens that are written, at most")


class TranslateSettings(Section):
    """Translating test sentences after examples, without a mask and under the chosen ones."""

    sentences: int = Field(20, ge=2, description="test sentences per pair of languages, at most")
    shots: int = Field(4, ge=0, description="find sentences with their translations that stand before")
    new_tokens: int = Field(32, ge=1, description="tokens that are written, at most")
    directions: Annotated[
        tuple[Literal["into", "out_of"], ...], BeforeValidator(as_tuple), Field(min_length=1)
    ] = ("into", "out_of")


class EvaluateSettings(Section):
    """Which numbers, how many random controls, and the rule of choice."""

    families: tuple[Literal["retrieval", "alignment", "perplexity"], ...] = (
        "retrieval",
        "alignment",
        "perplexity",
    )
    controls: int = Field(39, ge=0, description="draws of random neurons; 39 or more for a headline")
    distractors: bool = Field(
        False, description="also look translations up among the sentences of find: the metric top1_pool"
    )
    extra_draws: int = Field(
        3,
        ge=0,
        description="draws of the other controls: random neurons at the experts' values, the experts' values "
        "permuted, random directions; 0 leaves them out",
    )
    resamples: int = Field(10_000, ge=100, description="bootstrap resamples over sentences")
    seed: int = Field(0, ge=0)
    choose: ChooseSettings = ChooseSettings()
    efficiency: EfficiencySettings | None = Field(
        None, description="how the gain grows with the sentences that experts are found on; reads test"
    )
    finetune: FinetuneSettings | None = Field(
        None,
        description="a rival that trains: a second copy of the model, in 32 bits and with gradients, stands "
        "in memory; meant for small models",
    )
    generate: GenerateSettings | None = Field(
        None, description="{} for its defaults; needs a model that writes"
    )
    translate: TranslateSettings | None = Field(
        None,
        description="{} for its defaults; needs a model that writes, and the extra 'translation'",
    )


class Candidate(NamedTuple):
    """One point of the sweep: which experts, held how."""

    score: Score
    experts: Experts
    k: float | None
    value: Value
    intervention: Intervention
    strength: float

    @property
    def mask_label(self) -> str:
        """The part that names a mask file."""
        size = "threshold" if self.k is None else f"k{self.k:g}"
        return f"{self.score}-{self.experts}-{size}-{self.value}"

    @property
    def label(self) -> str:
        """The whole, unique within a sweep."""
        return f"{self.mask_label}-{self.intervention}-s{self.strength:g}"


class Experiment(Section):
    """One experiment: a model, a corpus, targets, and what is done with them."""

    model: Annotated[ModelSettings, BeforeValidator(lambda m: {"id": m} if isinstance(m, str) else m)]
    corpus: CorpusSettings
    targets: Annotated[Languages, Field(min_length=1)]
    collect: CollectSettings
    rank: RankSettings
    steer: SteerSettings
    embed: EmbedSettings
    evaluate: EvaluateSettings

    def candidates(self) -> list[Candidate]:
        """Every point of the sweep over experts, in the order of the file."""
        rank, steer = self.rank, self.steer
        points = itertools.product(
            rank.score, rank.experts, rank.k, rank.value, steer.on_neurons, steer.strength
        )
        return [Candidate(*point) for point in points]

    def erasures(self) -> list[Erasure]:
        """Every way in which the languages' subspace is taken out of the model, in the order of the file."""
        if "erase" not in self.steer.intervention:
            return []
        erase = self.steer.erase
        points = itertools.product(erase.method, erase.from_block, erase.strength or self.steer.strength)
        return [Erasure(*point) for point in points]

    @model_validator(mode="after")
    def _targets_are_languages(self) -> "Experiment":
        languages = self.corpus.languages
        known = {canonical_language(language) for language in languages}
        for target in self.targets:
            if known and canonical_language(target) not in known:
                raise ValueError(f"target {target!r} is not among the languages {', '.join(languages)}")
        for language in self.steer.erase.fit_languages or ():
            if known and canonical_language(language) not in known:
                raise ValueError(
                    f"{language!r} of steer.erase.fit_languages is not among the languages "
                    f"{', '.join(languages)}"
                )
        return self

    @model_validator(mode="after")
    def _erased_vectors_are_states(self) -> "Experiment":
        if self.embed.pool == "max" and self.erasures():
            raise ValueError(
                "erase is fitted on sentence vectors and takes them for token states, which maxima over "
                "tokens are far from; use embed.pool mean or last"
            )
        return self

    @model_validator(mode="after")
    def _scores_are_of_sentences(self) -> "Experiment":
        if self.evaluate.efficiency is not None and "lape" in self.rank.score:
            raise ValueError(
                "evaluate.efficiency cannot rank by lape, whose counts of tokens are not kept by sentence; "
                "leave one of the two out"
            )
        return self


class Experiments(Section):
    """The whole file."""

    schema_: int = Field(alias="schema")
    experiments: dict[ExperimentName, Experiment] = Field(min_length=1)
