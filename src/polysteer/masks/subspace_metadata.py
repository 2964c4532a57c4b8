"""What a language subspace says about itself: its model, its text, its layers, how it was found."""

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from polysteer.errors import MaskError
from polysteer.masks.metadata import NotNegative, Positive

FORMAT: Literal["polysteer-subspace"] = "polysteer-subspace"
FORMAT_VERSION: Literal[1] = 1

Layer = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,5}|final)$")]

_JSON_FIELDS = frozenset({"format_version", "languages", "layers", "width", "n_blocks", "draw", "seed"})


class SubspaceMetadata(BaseModel):
    """Metadata of a subspace file. A field that is None is unknown: in the file its name does not stand."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=()
    )

    format: Literal["polysteer-subspace"] = FORMAT
    format_version: Literal[1] = FORMAT_VERSION
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

    def to_strings(self) -> dict[str, str]:
        """As a safetensors header holds it: text as it is, all else as JSON."""
        known = self.model_dump(exclude_none=True)
        return {
            name: json.dumps(value, sort_keys=True) if name in _JSON_FIELDS else value
            for name, value in known.items()
        }

    @classmethod
    def from_strings(cls, strings: Mapping[str, str]) -> "SubspaceMetadata":
        """The reverse of `to_strings`; everything is checked."""
        if strings.get("format") != FORMAT:
            raise MaskError(f"its metadata do not say format: {FORMAT}")
        if strings.get("format_version") != str(FORMAT_VERSION):
            raise MaskError(
                f"its format_version is {strings.get('format_version')!r}, this version of polysteer reads "
                f"{FORMAT_VERSION}; install the version that wrote it, or a newer one"
            )
        try:
            parsed = {
                name: json.loads(text) if name in _JSON_FIELDS else text for name, text in strings.items()
            }
            return cls.model_validate(parsed)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(str(step) for step in problem["loc"]) or "metadata"
            raise MaskError(f"its {where} cannot be used: {problem['msg']}") from error
        except (ValueError, RecursionError) as error:
            raise MaskError(f"its metadata are not JSON where they should be: {error}") from error
