"""The shape of experiments.yaml, as frozen models that refuse unknown keys."""

import itertools
import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    model_validator,
)

from polysteer.config.erase import EraseSettings, Erasure
from polysteer.config.evaluate import EvaluateSettings
from polysteer.config.experts import Candidate, CollectSettings, Intervention, RankSettings
from polysteer.config.model import ModelSettings, Site
from polysteer.config.section import Section, Strength, as_tuple, suggest
from polysteer.corpus.languages import canonical_language
from polysteer.corpus.settings import CorpusSettings, Languages
from polysteer.layout import RESERVED

SCHEMA_VERSION = 1

Layer = Annotated[int, Field(ge=0)] | Literal["final"]


def _check_name(name: str) -> str:
    if name in RESERVED or not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise ValueError(
            f"an experiment cannot be called {name!r}: use lower-case letters, digits, '-' and '_' "
            f"(it names a folder and a pipeline stage), and not {' or '.join(map(repr, RESERVED))}"
        )
    return name


ExperimentName = Annotated[str, AfterValidator(_check_name)]


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
    specials: bool = Field(
        False, description="pool special tokens such as BOS and CLS too, as sentence-transformers does"
    )
    layers: Literal["all"] | tuple[Layer, ...] = "all"
    layer: Layer = Field("final", description="the primary layer: the one that users of the model take")
    token_budget: int = Field(4096, ge=1, description="tokens per batch")
    words: int = Field(
        0,
        ge=0,
        description="words per language, of find and of test, that get vectors where the text has tags, for "
        "the tag probe: 2000 are plenty",
    )

    @model_validator(mode="after")
    def _primary_is_read(self) -> "EmbedSettings":
        if self.layers != "all" and self.layer not in self.layers:
            raise ValueError(f"the primary layer {self.layer!r} is not among the layers {list(self.layers)}")
        return self


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

    @property
    def most_words(self) -> int:
        """How many words per language and split get vectors at most: none where no probe reads them."""
        return self.embed.words if "probes" in self.evaluate.families else 0

    def candidates(self) -> list[Candidate]:
        """Every point of the sweep over experts, in the order of the file; none without a target."""
        if not self.targets:
            return []
        rank, steer = self.rank, self.steer
        points = itertools.product(
            self.collect.pool_names,
            self._list_site_points(),
            itertools.product(rank.score, rank.experts, rank.k, rank.value, steer.on_neurons, steer.strength),
        )
        return [Candidate(*point, sites=sites, pool=pool) for pool, sites, point in points]

    def erasures(self) -> list[Erasure]:
        """Every way in which the languages' subspace is taken out of the model, in the order of the file."""
        if "erase" not in self.steer.intervention:
            return []
        erase = self.steer.erase
        points = itertools.product(erase.method, erase.from_block, erase.strength or self.steer.strength)
        return [Erasure(*point) for point in points]

    def _list_site_points(self) -> list[tuple[Site, ...] | None]:
        """The points of the sweep over sites, each in the order of `collect`; None for all of them."""
        collected = self.collect.sites
        points = []
        for named in self.rank.sites:
            point = collected if named == "all" else tuple(site for site in collected if site in named)
            points.append(None if point == collected else point)
        return points

    @model_validator(mode="after")
    def _ranked_sites_are_collected(self) -> "Experiment":
        collected = self.collect.sites
        for site in (site for point in self.rank.sites if point != "all" for site in point):
            if site not in collected:
                raise ValueError(f"{site!r} of rank.sites is not collected{suggest(site, collected)}")
        points = self._list_site_points()
        for number, point in enumerate(points):
            if point in points[:number]:
                raise ValueError(
                    f"rank.sites names {' with '.join(point or collected)} twice; leave one of them out"
                )
        return self

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
