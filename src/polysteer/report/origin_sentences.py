"""Which settings the numbers are of, and that they are stale, in sentences."""

from collections.abc import Sequence

from polysteer.differences import write_setting
from polysteer.report.origin import Origin, Origins, Stale


def tell_origins(origins: Origins) -> list[str]:
    """A line per experiment, and a line below for all that is stale of it."""
    lines, stale = [], _tell_stale(origins)
    for origin in origins.made:
        told = stale.pop(origin.experiment, None)
        lines += [_tell_origin(origin), *([told] if told else [])]
    return [*lines, *stale.values()]


def tell_stale(origins: Origins) -> list[str]:
    """A line per experiment."""
    return list(_tell_stale(origins).values())


def _tell_origin(origin: Origin) -> str:
    """Model, text, what acted in the model and how strongly, and the day."""
    facts = [f"model {origin.model}" + (f" at {origin.revision}" if origin.revision else "")]
    facts += [f"corpus {origin.corpus}", str(origin.steering)] if origin.settings is not None else []
    return f"{origin.experiment}: {'; '.join(facts)}; made {origin.made:%Y-%m-%d}."


def _tell_stale(origins: Origins) -> dict[str, str]:
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
