"""Taking the languages' subspace out of the model: what experiments.yaml says of it."""

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from polysteer.config.section import Section, Strength, Sweep
from polysteer.corpus.corpus_settings import Languages
from polysteer.corpus.languages import resolve_language
from polysteer.errors import ConfigError
from polysteer.fields import Number, Whole
from polysteer.numbers import write_exactly
from polysteer.terms import EraseMethod


class EraseSettings(Section):
    """How the languages' directions are found, and from where on they are taken out; a list is a sweep."""

    method: Sweep[EraseMethod] = ("mean_difference",)
    from_block: Annotated[
        Sweep[Whole],
        Field(description="the first block whose output is erased, with all after it; -1 is the last"),
    ] = (-1,)
    strength: Sweep[Strength] | None = Field(None, description="by default that of steer")
    shrinkage: Annotated[Number, Field(ge=0, le=1)] | Literal["auto"] = Field(
        "auto", description="leace: how far the covariance is drawn towards a sphere's"
    )
    fit_languages: Annotated[Languages, Field(min_length=2)] | None = Field(
        None, description="the languages it is fitted on, by default all; the others are reported as unseen"
    )

    def find_fit_languages(self, languages: Sequence[str]) -> list[str]:
        """The text's own codes of the languages that it is fitted on."""
        named = languages if self.fit_languages is None else self.fit_languages
        return sorted({resolve_language(code, languages) for code in named})


class Erasure(NamedTuple):
    """One point of that sweep."""

    method: EraseMethod
    from_block: int
    strength: float

    @property
    def label(self) -> str:
        """Unique within the sweep."""
        return f"{self.method}-from{self.from_block}-s{write_exactly(self.strength)}"

    def find_first_block(self, n_blocks: int) -> int:
        """The number from 0 of the first block that is erased."""
        first = self.from_block + n_blocks if self.from_block < 0 else self.from_block
        if not 0 <= first < n_blocks:
            raise ConfigError(
                f"steer.erase.from_block is {self.from_block}; the model has blocks 0 to {n_blocks - 1}, "
                "-1 is the last"
            )
        return first


def list_erased_layers(
    points: Sequence[Erasure], embedded: Literal["all"] | Sequence[int | str], *, n_blocks: int
) -> list[int]:
    """The embedding layers that any point changes, layer n + 1 being the output of block n.

    The subspace is fitted on the vectors of just these, so all of them have to be embedded.
    """
    first = min(point.find_first_block(n_blocks) for point in points)
    layers = list(range(first + 1, n_blocks + 1))
    lacking = [] if embedded == "all" else [str(layer) for layer in layers if layer not in embedded]
    if lacking:
        raise ConfigError(
            f"erasing from block {first} on needs the vectors of layers {first + 1} to {n_blocks}, and "
            f"embed.layers lacks {', '.join(lacking)}; write layers: all, or name these too"
        )
    return layers
