"""How numbers are written: shares in percent, the rest in three digits, a dash for what was not measured."""

from polysteer.metrics.registry import METRICS
from polysteer.numbers import write_size

UNREADABLE = 1e9


def percent(fraction: float | None) -> str:
    """One decimal."""
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


def times(ratio: float | None) -> str:
    """A ratio."""
    return "-" if ratio is None else f"x{ratio:.2f}"


def probability(p: float | None) -> str:
    """A p-value without false precision."""
    if p is None:
        return "-"
    return f"{p:.4f}" if p < 0.1 else f"{p:.2f}"


def number(value: float | None) -> str:
    """Three digits, more for what is larger."""
    if value is None:
        return "-"
    if 999.5 <= abs(value) < UNREADABLE:
        return f"{value:,.0f}"
    return f"{value:#.3g}".removesuffix(".")


def size(k: float | None) -> str:
    """How many experts; a threshold alone says it where there is no number."""
    return "-" if k is None else write_size(k)


def is_percent(metric: str) -> bool:
    """Whether its numbers are percent; one that is not registered, of another version's, is a number."""
    return metric in METRICS and METRICS[metric].unit.in_percent


def title_metric(metric: str) -> str:
    """The metric with its unit."""
    return f"{metric} (%)" if is_percent(metric) else metric


def write_value(metric: str, value: float | None) -> str:
    """A number without its unit, or a dash for what was not measured."""
    return write_with_unit(metric, value).removesuffix(" %")


def write_with_unit(metric: str, value: float | None) -> str:
    """A number with its unit, for where no title has it."""
    return percent(value) if is_percent(metric) else number(value)


def write_difference(metric: str, difference: float | None) -> str:
    """What was gained, with its sign; of a share in points."""
    if difference is None:
        return "-"
    return f"{100 * difference:+.1f}" if is_percent(metric) else f"{difference:+.3g}"


def write_interval(metric: str, low: float | None, high: float | None) -> str:
    """The 95 % interval."""
    if low is None or high is None:
        return "-"
    return f"{write_value(metric, low)}..{write_value(metric, high)}"
