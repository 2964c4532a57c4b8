"""How what a file says of itself becomes the strings of a safetensors header, and is checked on reading."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field

from polysteer.errors import MaskError
from polysteer.masks.chosen import ChosenSettings

Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[int, Field(ge=0)]
ShapeFingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]

KIND_BY_FORMAT = {
    "polysteer-mask": "an expert mask, which holds neurons",
    "polysteer-subspace": "a language subspace, which holds directions and no neurons",
}


class Header(BaseModel):
    """Base of both kinds of metadata. A field that is None is unknown, and its name is not in the file."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=()
    )

    FORMAT: ClassVar[str]
    VERSION: ClassVar[int] = 2  # the newest that can be read
    JSON_FIELDS: ClassVar[frozenset[str]]

    chosen: ChosenSettings | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def format_version(self) -> int:
        """The oldest that can say all this."""
        return 1 if self.chosen is None else 2

    def to_strings(self) -> dict[str, str]:
        """As a safetensors header holds it: text as it is, all else as JSON."""
        known = self.model_dump(exclude_none=True)
        return {
            name: json.dumps(value, sort_keys=True) if name in self.JSON_FIELDS else value
            for name, value in known.items()
        }

    @classmethod
    def from_strings(cls, strings: Mapping[str, str]) -> Self:
        """The reverse of `to_strings`; everything is checked."""
        found, version = strings.get("format"), strings.get("format_version")
        if found != cls.FORMAT:
            raise MaskError(
                f"it is {KIND_BY_FORMAT[found]}; here it takes {KIND_BY_FORMAT[cls.FORMAT]}"
                if found in KIND_BY_FORMAT
                else f"its metadata do not say format: {cls.FORMAT}; other formats have to be imported"
            )
        if version not in {str(number) for number in range(1, cls.VERSION + 1)}:
            raise MaskError(
                f"its format_version is {version!r}, this version of polysteer reads 1 to {cls.VERSION}; "
                "install the version that wrote it, or a newer one"
            )
        told = {name: cls._parse(name, text) for name, text in strings.items() if name != "format_version"}
        if version == "1" and "chosen" in told:
            raise MaskError("its format_version is 1, which has no field 'chosen'; write 2")
        try:
            return cls.model_validate(told)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(str(step) for step in problem["loc"]) or "metadata"
            reason = problem["msg"].removeprefix("Value error, ")
            raise MaskError(f"its {where} cannot be used: {reason}") from error

    @classmethod
    def _parse(cls, name: str, text: str) -> Any:
        if name not in cls.JSON_FIELDS:
            return text
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise MaskError(f"its {name} is not JSON: {text[:80]!r}") from error
