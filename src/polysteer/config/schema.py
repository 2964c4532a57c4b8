"""The shape of experiments.yaml, as frozen models that refuse unknown keys."""

import itertools
import re
from typing import Annotated, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from polysteer.config.erase import EraseSettings, Erasure
from polysteer.config.evaluate import EvaluateSettings
from polysteer.config.model import ModelSettings, Site
from polysteer.config.section import Section, Strength, as_tuple
from polysteer.corpus.languages import canonical_language
from polysteer.corpus.settings import CorpusSettings, Languages
from polysteer.layout import RESERVED

SCHEMA_VERSION = 1

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
    targets: Languages = Field(description="languages whose experts are held; [] for none")
    collect: CollectSettings
    rank: RankSettings
    steer: SteerSettings
    embed: EmbedSettings
    evaluate: EvaluateSettings

    def candidates(self) -> list[Candidate]:
        """Every point of the sweep over experts, in the order of the file; none without a target."""
        if not self.targets:
            return []
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
