"""What a language subspace says about itself: its model, its text, its layers, how it was found."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from polysteer.masks.headers import Header, NotNegative, Positive

Layer = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,5}|final)$")]


class SubspaceMetadata(Header):
    """Metadata of a subspace file."""

    FORMAT: ClassVar[str] = "polysteer-subspace"
    JSON_FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"format_version", "languages", "layers", "width", "n_blocks", "shrinkage", "draw", "seed"}
    )

    format: Literal["polysteer-subspace"] = "polysteer-subspace"
    format_version: Literal[1] = 1
    method: Literal["mean_difference", "leace", "random"]
    languages: list[str] = Field(min_length=2)
    layers: list[Layer] = Field(min_length=1)
    width: Positive

    model_id: str | None = None
    model_revision: str | None = None
    model_family: str | None = None
    n_blocks: Positive | None = None
    shape_fingerprint: str | None = None

    pool: str | None = None
    shrinkage: Annotated[float, Field(ge=0, le=1)] | Literal["auto"] | None = None
    control_of: Literal["mean_difference", "leace"] | None = None
    draw: NotNegative | None = None
    seed: NotNegative | None = None
    corpus_fingerprint: str | None = None
    polysteer_version: str | None = None
    licence: str | None = None
    notes: str | None = None

    @model_validator(mode="after")
    def _names_stand_once(self) -> "SubspaceMetadata":
        for names in (self.languages, self.layers):
            if len(set(names)) < len(names):
                raise ValueError(f"a name stands twice in {names}")
        return self
