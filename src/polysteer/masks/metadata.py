"""What a mask says about itself: its model, its text, how its neurons were found, what holds them."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from polysteer.errors import MaskError

FORMAT: Literal["polysteer-mask"] = "polysteer-mask"
FORMAT_VERSION: Literal[1] = 1

_JSON_FIELDS = frozenset(
    {"format_version", "sites", "n_blocks", "width_by_site", "k", "languages", "draw", "seed"}
    | {"threshold", "exclusive", "source_languages"}
)


Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[int, Field(ge=0)]


class MaskMetadata(BaseModel):
    """Metadata of a mask file. A field that is None is unknown: in the file its name does not stand."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=()
    )

    format: Literal["polysteer-mask"] = FORMAT
    format_version: Literal[1] = FORMAT_VERSION
    language: str = Field(min_length=1)
    sites: list[str] = Field(min_length=1, max_length=256)
    experts: Literal["own", "union", "random", "combined"]
    intervention: str = Field(min_length=1)

    model_id: str | None = None
    model_revision: str | None = None
    model_family: str | None = None
    n_blocks: Positive | None = None
    width_by_site: dict[str, Positive] | None = None
    shape_fingerprint: str | None = None

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

    @model_validator(mode="after")
    def _sites_agree(self) -> "MaskMetadata":
        if len(set(self.sites)) < len(self.sites):
            raise ValueError(f"a site is named twice in {self.sites}")
        if self.width_by_site is not None and set(self.width_by_site) != set(self.sites):
            raise ValueError(f"width_by_site is of {sorted(self.width_by_site)}, sites are {self.sites}")
        return self

    def to_strings(self) -> dict[str, str]:
        """As a safetensors header holds it: text as it is, all else as JSON."""
        known = self.model_dump(exclude_none=True)
        return {
            name: json.dumps(value, sort_keys=True) if name in _JSON_FIELDS else value
            for name, value in known.items()
        }

    @classmethod
    def from_strings(cls, strings: Mapping[str, str]) -> "MaskMetadata":
        """The reverse of `to_strings`; everything is checked."""
        if strings.get("format") != FORMAT:
            raise MaskError(f"its metadata do not say format: {FORMAT}; other formats have to be imported")
        version = strings.get("format_version")
        if version != str(FORMAT_VERSION):
            raise MaskError(
                f"its format_version is {version!r}, this version of polysteer reads {FORMAT_VERSION}; "
                "install the version that wrote it, or a newer one"
            )
        try:
            return cls.model_validate({name: _parse(name, text) for name, text in strings.items()})
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(str(step) for step in problem["loc"]) or "metadata"
            raise MaskError(f"its {where} cannot be used: {problem['msg']}") from error


def _parse(name: str, text: str) -> Any:
    if name not in _JSON_FIELDS:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MaskError(f"its {name} is not JSON: {text[:80]!r}") from error
