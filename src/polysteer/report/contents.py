"""What the metrics database has numbers of: experiments, targets, metrics, layers."""

from pathlib import Path

from polysteer.errors import ArtifactError
from polysteer.store import query_database
from polysteer.store.rows import layer_depth
from polysteer.store.views import ACTS_IN_MODEL, IS_STEERED

EXPERIMENTS = "SELECT DISTINCT experiment FROM metrics ORDER BY experiment"
STEERED_EXPERIMENTS = f"SELECT DISTINCT experiment FROM choices m WHERE {ACTS_IN_MODEL} ORDER BY experiment"
TARGETS = f"""
    SELECT DISTINCT target FROM choices m WHERE experiment = $experiment AND {IS_STEERED} ORDER BY target"""
METRICS = """
    SELECT DISTINCT metric FROM metrics WHERE experiment = $experiment AND split = 'test' ORDER BY metric"""
LAYERS = """
    SELECT DISTINCT layer FROM metrics
    WHERE experiment = $experiment AND metric = $metric AND split = 'test' AND layer IS NOT NULL"""


def list_experiments(database: Path, *, steered: bool = True) -> list[str]:
    """The experiments with numbers; unless told otherwise, those that steered something."""
    return _list(database, STEERED_EXPERIMENTS if steered else EXPERIMENTS)


def list_targets(database: Path, experiment: str) -> list[str]:
    """The targets an experiment has numbers of; none where it measures a model without steering it."""
    found = _list(database, TARGETS, experiment=experiment)
    if not found:
        list_metrics(database, experiment)
    return found


def check_target(database: Path, experiment: str, target: str) -> None:
    """Refuse a target without numbers."""
    targets = list_targets(database, experiment)
    if target not in targets:
        raise ArtifactError(
            f"experiment {experiment!r} has no numbers of target {target!r}; it has "
            f"{', '.join(targets) or 'none'}; if experiments.yaml names it as a target, "
            f"run `steer run {experiment}`"
        )


def list_metrics(database: Path, experiment: str) -> list[str]:
    """What was measured on test; an experiment without numbers is refused."""
    found = _list(database, METRICS, experiment=experiment)
    if not found:
        raise ArtifactError(f"experiment {experiment!r} has no numbers yet; run `steer run {experiment}`")
    return found


def list_layers(database: Path, experiment: str, metric: str) -> list[str]:
    """The layers a metric was measured at, in the model's order."""
    return sorted(_list(database, LAYERS, experiment=experiment, metric=metric), key=layer_depth)


def _list(database: Path, sql: str, **parameters: str) -> list[str]:
    return [str(row[0]) for row in query_database(database, sql, parameters).rows]
