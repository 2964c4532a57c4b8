"""What interventions are as numbers: every one on neurons is y = gain * x + shift."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import InterventionError
from polysteer.terms import INTERVENTIONS, Intervention

Numbers = npt.NDArray[np.float32]
Given = Mapping[str, Numbers]

STATISTICS = ("auroc", "mean", "deviation", "source_mean", "source_deviation", "slope")
"""What a mask can hold beside values.

`auroc` tells the target's responses from the others'; `mean` and `deviation` are of the target's tokens,
`source_` ones of the tokens that a map starts from; `slope` is of the line that takes those to the target's.
"""


class AffineMap(NamedTuple):
    """y = gain * x + shift, neuron by neuron."""

    gain: npt.NDArray[np.float32]
    shift: npt.NDArray[np.float32]


class _Intervention(NamedTuple):
    """What it needs of every neuron, and its gain and shift at full strength."""

    needs: tuple[str, ...]
    map_fully: Callable[[Given], tuple[Numbers | float, Numbers | float]]


def _dampen(given: Given) -> tuple[Numbers, float]:
    """AurA (Suau et al. 2024): a perfect expert is silenced, one no better than chance stays as it is."""
    return 1 - 2 * np.maximum(given["auroc"] - np.float32(0.5), 0), 0.0


def _move_mean(given: Given) -> tuple[float, Numbers]:
    return 1.0, given["mean"] - given["source_mean"]


def _match_gaussian(given: Given) -> tuple[Numbers, Numbers]:
    """A neuron that is constant at the source is moved alone."""
    spread = given["source_deviation"]
    gain: Numbers = np.divide(given["deviation"], spread, out=np.ones_like(spread), where=spread > 0)
    return gain, given["mean"] - gain * given["source_mean"]


def _follow_line(given: Given) -> tuple[Numbers, Numbers]:
    return given["slope"], given["mean"] - given["slope"] * given["source_mean"]


_BY_NAME: dict[Intervention, _Intervention] = {
    "set": _Intervention(("value",), lambda given: (0.0, given["value"])),
    "ablate": _Intervention((), lambda _given: (0.0, 0.0)),
    "scale": _Intervention(("auroc",), _dampen),
    "add": _Intervention(("mean", "source_mean"), _move_mean),
    # The maps of Rodriguez et al. 2024; the first is what adding the mean difference does.
    "transport_mean": _Intervention(("mean", "source_mean"), _move_mean),
    "transport_gaussian": _Intervention(
        ("mean", "source_mean", "deviation", "source_deviation"), _match_gaussian
    ),
    "transport_linear": _Intervention(("mean", "source_mean", "slope"), _follow_line),
}


def list_statistics(interventions: Iterable[str]) -> tuple[str, ...]:
    """Which statistics these interventions need in a mask, values aside."""
    needed = {name for intervention in interventions for name in _find(intervention).needs}
    return tuple(name for name in STATISTICS if name in needed)


def list_needs(intervention: str) -> tuple[str, ...]:
    """What an intervention needs to know of every neuron, values included."""
    return _find(intervention).needs


def map_neurons(
    intervention: str,
    strength: float,
    *,
    n_neurons: int,
    value: npt.NDArray[np.float32] | None,
    statistics: Given | None = None,
) -> AffineMap:
    """The map of an intervention; a strength below 1 goes that part of the way from x."""
    if not 0 <= strength <= 1:
        raise InterventionError(f"strength is {strength}; give a number from 0 (no change) to 1")
    found = _find(intervention)
    given = dict(statistics or {}) | ({} if value is None else {"value": value})
    missing = [name for name in found.needs if name not in given]
    if "value" in missing:
        raise InterventionError(
            "the mask holds no values to set its neurons to; use the intervention 'ablate'"
        )
    if missing:
        raise InterventionError(
            f"the mask holds no {', '.join(missing)}, which {intervention!r} needs; rank with "
            f"{intervention} among steer's interventions, or use another one"
        )
    gain, shift = found.map_fully(given)
    return AffineMap(
        np.full(n_neurons, 1 + strength * (np.asarray(gain) - 1), dtype=np.float32),
        np.full(n_neurons, strength * np.asarray(shift), dtype=np.float32),
    )


def _find(intervention: str) -> _Intervention:
    if intervention not in _BY_NAME:
        raise InterventionError(
            f"no such intervention: {intervention!r}; on neurons there are {', '.join(INTERVENTIONS)}"
        )
    return _BY_NAME[intervention]
