"""What decides which neurons are experts: the sections `collect` and `rank`, and one point of the sweep."""

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import BeforeValidator, Field, field_validator, model_validator

from polysteer.config.section import Section, Sweep, as_tuple, suggest
from polysteer.corpus.languages import resolve_language
from polysteer.fields import Flag, Number, Whole
from polysteer.numbers import write_exactly
from polysteer.terms import Ends, Experts, Intervention, ResponsePool, Score, Site, Value

PRESETS: dict[str, tuple[str, ...]] = {
    "mlp": ("mlp.hidden",),
    "selfcond": ("attn.qkv", "attn.out", "mlp.up", "mlp.out"),
}


def _expand_presets(value: object) -> object:
    names = as_tuple(value)
    assert isinstance(names, list | tuple)
    expanded = (PRESETS.get(name, (name,)) if isinstance(name, str) else (name,) for name in names)
    return tuple(site for sites in expanded for site in sites)


def _read_points(value: object) -> object:
    """Each point of a sweep over sites: all that are collected, or some of them."""
    points = as_tuple(value)
    assert isinstance(points, list | tuple)
    return tuple(point if point == "all" else _read_point(point) for point in points)


def _read_point(point: object) -> object:
    sites = _expand_presets(point)
    assert isinstance(sites, tuple)
    known = (*get_args(Site), *PRESETS, "all")
    for site in sites:
        if site not in known:
            raise ValueError(f"there is no site {site!r}{suggest(str(site), known)}")
        if site == "all":
            raise ValueError(f"'all' stands alone, it takes in every site of {list(sites)}")
    if not sites:
        raise ValueError("a point of the sweep has no site; name one or more, or write all")
    return tuple(dict.fromkeys(sites))


class CollectSettings(Section):
    """Where responses are taken and how a sentence's tokens become one number; a list is a sweep."""

    sites: Annotated[tuple[Site, ...], BeforeValidator(_expand_presets), Field(min_length=1)] = (
        "mlp.hidden",
    )
    pool: Annotated[
        Sweep[ResponsePool],
        Field(description="the first stands where a single one does: add others after it"),
    ] = ("max",)
    token_budget: Whole = Field(4096, ge=1, description="tokens per batch")

    @property
    def pool_names(self) -> tuple[ResponsePool | None, ...]:
        """How paths and points of the sweep name the poolings: the first has no name there."""
        return (None, *self.pool[1:])

    @field_validator("pool")
    @classmethod
    def _poolings_differ(cls, pool: tuple[ResponsePool, ...]) -> tuple[ResponsePool, ...]:
        if len(set(pool)) < len(pool):
            raise ValueError(f"a pooling stands twice in {', '.join(pool)}; leave one of them out")
        return pool


class RankSettings(Section):
    """How experts are found and what they are held at; a list is a sweep."""

    score: Sweep[Score] = ("ap",)
    experts: Sweep[Experts] = ("own",)
    sites: Annotated[
        tuple[Literal["all"] | tuple[Site, ...], ...],
        Field(
            min_length=1,
            description="where experts may stand: all that collect has, or some of its sites; k is of those",
        ),
        BeforeValidator(_read_points),
    ] = ("all",)
    k: Annotated[
        Sweep[Annotated[Number, Field(gt=0)] | None],
        Field(
            description="experts per language: a fraction of all neurons below 1, else a count; "
            "null for every neuron that reaches the threshold"
        ),
    ] = (0.03,)
    value: Sweep[Value] = ("token_median",)
    per: Literal["model", "site", "block"] = Field("model", description="of how many neurons k is a share")
    blocks: Literal["all"] | Annotated[tuple[Whole, ...], Field(min_length=1)] = Field(
        "all", description="blocks whose experts are kept; -1 is the last"
    )
    ends: Ends = "top"
    threshold: Number | None = Field(None, description="the score that experts have at least")
    exclusive: Flag = Field(False, description="no neuron is an expert of two languages")
    source: str | None = Field(None, description="the language that add and transport lead away from")

    def find_source(self, languages: Sequence[str]) -> str | None:
        """The text's own code of the language that maps start from."""
        return None if self.source is None else resolve_language(self.source, languages)

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


class Candidate(NamedTuple):
    """One point of the sweep: which experts, held how.

    Without `sites` they are of all that are collected, without `pool` by the first pooling.
    """

    score: Score
    experts: Experts
    k: float | None
    value: Value
    intervention: Intervention
    strength: float
    sites: tuple[Site, ...] | None = None
    pool: ResponsePool | None = None

    @property
    def mask_label(self) -> str:
        """The part that names a mask file."""
        size = "threshold" if self.k is None else f"k{write_exactly(self.k)}"
        named = ["+".join(self.sites)] if self.sites else []
        named += [self.pool] if self.pool else []
        return "-".join([self.score, self.experts, size, self.value, *named])

    @property
    def label(self) -> str:
        """The whole, unique within a sweep."""
        return f"{self.mask_label}-{self.intervention}-s{write_exactly(self.strength)}"
