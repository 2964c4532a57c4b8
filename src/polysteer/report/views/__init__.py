"""The views of the report: a new one is a file here, a line below, and an option of `steer report`."""

from polysteer.report.views import comparison, front, headline, metric, oracle, pairs, study

VIEWS = (
    headline.VIEW,
    metric.VIEW,
    pairs.VIEW,
    comparison.VIEW,
    front.VIEW,
    oracle.VIEW,
    study.VIEW,
)
