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
from polysteer.config.experts import Candidate, CollectSettings, RankSettings
from polysteer.config.model import ModelSettings
from polysteer.config.section import Section, Strength, Sweep, suggest
from polysteer.corpus.corpus_settings import CorpusSettings, Languages
from polysteer.corpus.languages import resolve_language
from polysteer.errors import LanguageError
from polysteer.fields import Flag, MisplacedError, Whole
from polysteer.layout import RESERVED
from polysteer.terms import EmbeddingPool, Intervention, Site, Where

SCHEMA_VERSION = 1

LayerNumber = Annotated[Whole, Field(ge=0)] | Literal["final"]


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

    intervention: Sweep[Literal[Intervention, "erase"]] = ("set",)
    strength: Sweep[Strength] = (1.0,)
    where: Where = Field("real", description="the tokens at which neurons are held")
    erase: EraseSettings = EraseSettings()

    @property
    def on_neurons(self) -> tuple[Intervention, ...]:
        """The interventions that act on experts."""
        return tuple(name for name in self.intervention if name != "erase")


class EmbedSettings(Section):
    """How a sentence becomes a vector."""

    pool: EmbeddingPool = "mean"
    specials: Flag = Field(
        False, description="pool special tokens such as BOS and CLS too, as sentence-transformers does"
    )
    layers: Literal["all"] | tuple[LayerNumber, ...] = "all"
    layer: LayerNumber = Field("final", description="the primary layer: the one that users of the model take")
    token_budget: Whole = Field(4096, ge=1, description="tokens per batch")
    words: Whole = Field(
        0,
        ge=0,
        description="words per language, of find and of test, that get vectors where the text has tags, for "
        "the tag probe: 2000 are plenty",
    )

    @model_validator(mode="after")
    def _primary_is_read(self) -> "EmbedSettings":
        if self.layers != "all" and self.layer not in self.layers:
            raise MisplacedError(("layer",), f"{self.layer!r} is not among the layers {list(self.layers)}")
        return self


class Experiment(Section):
    """One experiment: a model, a corpus, targets, and what is done with them."""

    model: Annotated[ModelSettings, BeforeValidator(lambda m: {"id": m} if isinstance(m, str) else m)]
    corpus: CorpusSettings
    targets: Languages = Field(description="languages whose experts are held; [] for none")
    collect: CollectSettings = CollectSettings()
    rank: RankSettings = RankSettings()
    steer: SteerSettings = SteerSettings()
    embed: EmbedSettings = EmbedSettings()
    evaluate: EvaluateSettings = EvaluateSettings()

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
        for number, named in enumerate(self.rank.sites):
            for site in () if named == "all" else named:
                if site not in collected:
                    raise MisplacedError(
                        ("rank", "sites", number),
                        f"{site!r} is not among collect.sites{suggest(site, collected)}",
                    )
        points = self._list_site_points()
        for number, point in enumerate(points):
            if point in points[:number]:
                raise MisplacedError(
                    ("rank", "sites", number),
                    f"names {' with '.join(point or collected)} twice; leave one of them out",
                )
        return self

    @model_validator(mode="after")
    def _languages_are_there(self) -> "Experiment":
        """Where the file alone tells which languages the text has."""
        known = self.corpus.known_languages
        named = {
            ("targets",): self.targets,
            ("steer", "erase", "fit_languages"): self.steer.erase.fit_languages or (),
            ("rank", "source"): (self.rank.source,) if self.rank.source else (),
        }
        for location, codes in named.items():
            for code in codes if known else ():
                try:
                    resolve_language(code, known)
                except LanguageError as error:
                    raise MisplacedError(location, str(error)) from error
        return self

    @model_validator(mode="after")
    def _erased_vectors_are_states(self) -> "Experiment":
        if self.embed.pool == "max" and self.erasures():
            raise MisplacedError(
                ("embed", "pool"),
                "erase is fitted on sentence vectors and takes them for token states, which maxima over "
                "tokens are far from; use mean or last",
            )
        return self

    @model_validator(mode="after")
    def _efficiency_can_be_measured(self) -> "Experiment":
        if self.evaluate.efficiency is None:
            return self
        place = ("evaluate", "efficiency")
        if "lape" in self.rank.score:
            raise MisplacedError(
                place,
                "cannot rank by lape, whose counts of tokens are not kept by sentence; leave one out",
            )
        if not self.candidates():
            raise MisplacedError(
                place, "is about experts, and without targets or interventions on neurons there are none"
            )
        return self


class Experiments(Section):
    """The whole file."""

    schema_: Whole = Field(alias="schema")
    experiments: dict[ExperimentName, Experiment] = Field(min_length=1)
