"""How a metric's numbers are written: percent with one decimal, the rest with three digits."""

from polysteer.metrics.registry import METRICS
from polysteer.report.digits import number, percent


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
