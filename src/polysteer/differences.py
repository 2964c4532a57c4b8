"""Settings as plain data: where two of them differ, and values as one would write them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from polysteer.numbers import write_exactly

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One key of the settings with two values; None where it does not stand, too."""

    key: str
    old: Any
    new: Any


def compare_settings(old: Settings, new: Settings, *, inside: str = "") -> Iterator[Difference]:
    """Every key whose value differs, section by section."""
    for name in [*old, *(name for name in new if name not in old)]:
        key, before, after = f"{inside}{name}", old.get(name), new.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from compare_settings(before, after, inside=f"{key}.")
        elif before != after:
            yield Difference(key, before, after)


def write_setting(value: Any) -> str:
    """As one would write it into the file: a sweep of one is its value."""
    if isinstance(value, bool | None):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return write_exactly(value)
    if isinstance(value, Mapping):
        named = [f"{key}: {write_setting(one)}" for key, one in value.items() if one is not None]
        return f"{{{', '.join(named)}}}"
    if isinstance(value, list):
        return write_setting(value[0]) if len(value) == 1 else f"[{', '.join(map(write_setting, value))}]"
    return str(value)
