"""What a mask says about itself: its model, its text, how its neurons were found, what holds them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from polysteer.masks.headers import Header, NotNegative, Positive, ShapeFingerprint
from polysteer.terms import INTERVENTIONS


class MaskMetadata(Header):
    """Metadata of a mask file."""

    FORMAT: ClassVar[str] = "polysteer-mask"
    JSON_FIELDS: ClassVar[frozenset[str]] = frozenset(
        {"format_version", "sites", "n_blocks", "width_by_site", "k", "languages", "draw", "seed"}
        | {"threshold", "exclusive", "source_languages", "chosen"}
    )

    format: Literal["polysteer-mask"] = "polysteer-mask"
    language: str = Field(min_length=1)
    sites: list[str] = Field(min_length=1, max_length=256)
    experts: Literal["own", "union", "random", "combined"]
    intervention: str

    model_id: str | None = None
    model_revision: str | None = None
    model_family: str | None = None
    n_blocks: Positive | None = None
    width_by_site: dict[str, Positive] | None = None
    shape_fingerprint: ShapeFingerprint | None = None

    score: str | None = None
    pool: str | None = None
    k: Annotated[float, Field(gt=0)] | None = None
    k_per: Literal["model", "site", "block"] | None = None
    ends: Literal["top", "bottom", "both"] | None = None
    threshold: float | None = None
    exclusive: bool | None = None
    source_languages: list[str] | None = None
    value_statistic: str | None = None
    languages: list[str] | None = None
    control_of: Literal["own", "union", "combined"] | None = None
    draw: NotNegative | None = None
    seed: NotNegative | None = None
    corpus_fingerprint: str | None = None
    polysteer_version: str | None = None
    licence: str | None = None
    notes: str | None = None

    @field_validator("intervention")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in INTERVENTIONS:
            raise ValueError(f"{name!r} is none of {', '.join(INTERVENTIONS)}")
        return name

    @model_validator(mode="after")
    def _sites_agree(self) -> "MaskMetadata":
        if len(set(self.sites)) < len(self.sites):
            raise ValueError(f"a site is named twice in {self.sites}")
        if self.width_by_site is not None and set(self.width_by_site) != set(self.sites):
            raise ValueError(f"width_by_site is of {sorted(self.width_by_site)}, sites are {self.sites}")
        return self
