"""How a metric's numbers are written: shares as percent with one decimal, the rest with three digits."""

import re

from polysteer.report.digits import number, percent

_SHARE = re.compile(
    r"(^|_)(top\d+|accuracy|error|f1|written_in_\w+|mass|share)(_|$)"
    r"|^((abx|probe)_(language|meaning|topic|tag)(_chance)?|nearest_centroid)$"
)


def is_share(metric: str) -> bool:
    """Whether a metric counts successes among trials."""
    return bool(_SHARE.search(metric))


def title_metric(metric: str) -> str:
    """The metric with its unit."""
    return f"{metric} (%)" if is_share(metric) else metric


def write_value(metric: str, value: float | None) -> str:
    """A number without its unit, or a dash for what was not measured."""
    if is_share(metric):
        return percent(value).removesuffix(" %")
    return number(value)


def write_difference(metric: str, difference: float | None) -> str:
    """What was gained, with its sign; of a share in points."""
    if difference is None:
        return "-"
    return f"{100 * difference:+.1f}" if is_share(metric) else f"{difference:+.3g}"


def write_interval(metric: str, low: float | None, high: float | None) -> str:
    """The 95 % interval."""
    if low is None or high is None:
        return "-"
    return f"{write_value(metric, low)}..{write_value(metric, high)}"
