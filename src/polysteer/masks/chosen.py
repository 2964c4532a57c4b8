"""The settings that a mask was chosen with on dev: its numbers hold for them, and they are its defaults."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from polysteer.terms import Dtype, EmbeddingPool, Where

LayerName = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,5}|final)$")]


class ChosenSettings(BaseModel):
    """What beside the mask and the model decides the vectors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    strength: Annotated[float, Field(gt=0, le=1)]
    where: Where
    layer: LayerName
    pool: EmbeddingPool
    specials: bool  # whether special tokens are pooled too
    dtype: Dtype  # as it was asked for

    def tell(self, *names: str) -> str:
        """Some of them or all in a line; what is as it always is goes without saying."""
        told = [name for name in type(self).model_fields if not names or name in names]
        usual = {"specials": False, "dtype": "auto"}
        shown = [(name, getattr(self, name)) for name in told if getattr(self, name) != usual.get(name)]
        return ", ".join(
            f"{name} {value:g}" if name == "strength" else f"{name} {value}" for name, value in shown
        )


USUAL = ChosenSettings(strength=1.0, where="real", layer="final", pool="mean", specials=False, dtype="auto")


def settle(chosen: ChosenSettings | None, **given: object) -> ChosenSettings:
    """What is given; where that is None what was chosen, else the usual."""
    return (chosen or USUAL).model_copy(update={name: one for name, one in given.items() if one is not None})
