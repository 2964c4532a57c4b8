"""Which settings the numbers are of, and that they are stale, in sentences."""

from collections.abc import Iterator, Sequence

from polysteer.differences import write_setting
from polysteer.report.origin import Origin, Origins, Stale


def tell_origins(origins: Origins, *, file: str) -> list[str]:
    """A line per experiment, and a line below for all that is stale of it."""
    lines = []
    for origin in origins.made:
        changed = [one for one in origins.stale if one.experiment == origin.experiment]
        lines += [tell_origin(origin), *tell_stale(changed, file=file)]
    shown = {origin.experiment for origin in origins.made}
    return lines + tell_stale([one for one in origins.stale if one.experiment not in shown], file=file)


def tell_origin(origin: Origin) -> str:
    """Model, text, what acted in the model and how strongly, and the day."""
    facts = [f"model {origin.model}" + (f" at {origin.revision}" if origin.revision else "")]
    facts += [f"corpus {origin.corpus}", str(origin.steering)] if origin.settings is not None else []
    return f"{origin.experiment}: {'; '.join(facts)}; made {origin.made:%Y-%m-%d}."


def tell_stale(stale: Sequence[Stale], *, file: str) -> list[str]:
    """A line per experiment and reason."""
    return [
        line
        for experiment in dict.fromkeys(one.experiment for one in stale)
        for line in _tell_experiment([one for one in stale if one.experiment == experiment], file)
    ]


def _tell_experiment(stale: Sequence[Stale], file: str) -> Iterator[str]:
    name, reason = stale[0].experiment, stale[0].reason
    if reason == "changed":
        changes = (f"{one.key} {write_setting(one.old)} -> {write_setting(one.new)}" for one in stale)
        yield (
            f"STALE: {file} has changed since these numbers of {name} were made: {'; '.join(changes)}. "
            f"New ones: steer run {name}"
        )
    elif reason == "unrecorded":
        yield (
            f"STALE? These numbers of {name} do not say with which settings they were made. "
            f"New ones: steer run {name}"
        )
    elif reason == "no_numbers":
        yield f"{name} has no numbers yet: steer run {name}"
    else:
        yield f"{name} has numbers, and is left out: {file} does not name it."
