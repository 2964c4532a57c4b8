"""What the numbers were made with, and where that is no longer what experiments.yaml says."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from polysteer.differences import Settings, compare_settings, write_setting
from polysteer.store import query_database

EXPERIMENTS = "SELECT * FROM experiments ORDER BY experiment"


@dataclass(frozen=True)
class Origin:
    """One experiment's row of the store; None is what its file of numbers does not say."""

    experiment: str
    model: str
    revision: str | None
    corpus: str | None
    texts: Mapping[str, str] | None
    steering: str | None
    settings: Settings | None
    polysteer: str | None
    made: datetime


@dataclass(frozen=True)
class Stale:
    """Why numbers are not those of the file as it is: one per key that has changed, else one alone."""

    experiment: str
    reason: Literal["changed", "unrecorded", "no_numbers", "not_in_file"]
    key: str | None = None
    old: Any = None
    new: Any = None


@dataclass(frozen=True)
class Origins:
    """Of all experiments that are shown; and what is stale by the file, or left out of what was asked for."""

    made: tuple[Origin, ...] = ()
    stale: tuple[Stale, ...] = ()
    file: str = "experiments.yaml"


def read_origins(database: Path) -> dict[str, Origin]:
    """Every experiment that has numbers."""
    origins = {}
    for record in query_database(database, EXPERIMENTS).records():
        parsed = {name: record[name] and json.loads(record[name]) for name in ("texts", "settings")}
        origins[record["experiment"]] = Origin(**record | parsed)
    return origins


def trace_origins(
    database: Path,
    shown: Sequence[str],
    now: Mapping[str, Settings],
    *,
    file: str,
    asked: Iterable[str] = (),
    unnamed: Iterable[str] = (),
) -> Origins:
    """Origins of what is shown beside the settings that the file has now.

    Of what was `asked` for some may lack numbers; `unnamed` have numbers, and no place in the file.
    """
    known = read_origins(database)
    made = tuple(known[name] for name in shown if name in known)
    stale = [
        *(one for origin in made for one in _compare_with_file(origin, now[origin.experiment])),
        *(Stale(name, "no_numbers") for name in asked if name not in known),
        *(Stale(name, "not_in_file") for name in unnamed),
    ]
    return Origins(made, tuple(stale), file)


def _compare_with_file(origin: Origin, now: Settings) -> Iterator[Stale]:
    if origin.settings is None:
        yield Stale(origin.experiment, "unrecorded")
        return
    for one in compare_settings(origin.settings, now):
        yield Stale(origin.experiment, "changed", one.key, one.old, one.new)


def tell_origins(origins: Origins) -> list[str]:
    """A line per experiment, and a line below for all that is stale of it."""
    lines, stale = [], tell_stale(origins)
    for origin in origins.made:
        told = stale.pop(origin.experiment, None)
        lines += [_tell_origin(origin), *([told] if told else [])]
    return [*lines, *stale.values()]


def _tell_origin(origin: Origin) -> str:
    """Model, text, what acted in the model and how strongly, and the day."""
    facts = [f"model {origin.model}" + (f" at {origin.revision}" if origin.revision else "")]
    facts += [f"corpus {origin.corpus}", str(origin.steering)] if origin.settings is not None else []
    return f"{origin.experiment}: {'; '.join(facts)}; made {origin.made:%Y-%m-%d}."


def tell_stale(origins: Origins) -> dict[str, str]:
    """A line per experiment."""
    return {
        name: _tell_experiment([one for one in origins.stale if one.experiment == name], origins.file)
        for name in dict.fromkeys(one.experiment for one in origins.stale)
    }


def _tell_experiment(stale: Sequence[Stale], file: str) -> str:
    """For one reason: that keys have changed, which are several, or another."""
    name, reason = stale[0].experiment, stale[0].reason
    if reason == "changed":
        changes = (f"{one.key} {write_setting(one.old)} -> {write_setting(one.new)}" for one in stale)
        return (
            f"STALE: {file} has changed since these numbers of {name} were made: {'; '.join(changes)}. "
            f"New ones: steer run {name}"
        )
    if reason == "unrecorded":
        return (
            f"STALE? These numbers of {name} do not say with which settings they were made. "
            f"New ones: steer run {name}"
        )
    if reason == "no_numbers":
        return f"{name} has no numbers yet: steer run {name}"
    return f"{name} has numbers, and is left out: {file} does not name it."
