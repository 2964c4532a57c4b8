"""Every ordered pair of languages: the baseline, the target's mask, and the difference, at one layer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from polysteer.errors import ArtifactError
from polysteer.report.data import Answer, Grid
from polysteer.report.reading import list_asked
from polysteer.report.units import title_metric, write_difference, write_value
from polysteer.store import query_database
from polysteer.store.rows import BASELINE
from polysteer.store.views import ACTS_IN_MODEL, ONE_LANGUAGE_EACH, SAME_CONFIGURATION

Pair = tuple[str, str]

PAIRS = f"""
    SELECT m.source, m.reference, m.layer, m.candidates, m.intervention = $baseline AS plain,
           avg(m.value) AS value
    FROM chosen c JOIN metrics m ON {SAME_CONFIGURATION}
    WHERE c.view = 'same_layer' AND m.split = 'test' AND m.metric = $metric AND m.experiment = $experiment
      AND (m.intervention = $baseline OR (m.target IS NOT DISTINCT FROM $target AND {ACTS_IN_MODEL}))
      AND (m.layer IS NULL OR m.layer = coalesce($layer, c.layer))
      AND {ONE_LANGUAGE_EACH}
    GROUP BY ALL ORDER BY ALL"""


@dataclass(frozen=True)
class PairRow:
    """One ordered pair: queries in `source`, candidates in `reference`. None is what was not measured."""

    experiment: str
    target: str | None
    metric: str
    layer: str | None
    source: str
    reference: str
    candidates: int | None
    baseline: float | None
    steered: float | None
    difference: float | None


def show_pairs(
    database: Path,
    experiments: Sequence[str],
    *,
    metric: str = "top1",
    target: str | None = None,
    layer: str | None = None,
) -> Answer:
    """Matrices of languages: the rows ask, the columns answer."""
    grids: list[Grid] = []
    rows: list[PairRow] = []
    for experiment in experiments:
        for place, one in enumerate(list_asked(database, experiment, target)):
            found = _read_pairs(database, experiment, one, metric, layer)
            grids += _draw_pairs(found, with_baseline=place == 0)
            rows += found
    note = f"{title_metric(metric)} on test: queries in the row's language, candidates in the column's."
    return Answer("all-pairs", note, tuple(grids), tuple(asdict(row) for row in rows))


def _read_pairs(
    database: Path, experiment: str, target: str | None, metric: str, layer: str | None
) -> list[PairRow]:
    names: dict[str, Any] = {"experiment": experiment, "target": target, "metric": metric}
    found = query_database(database, PAIRS, {**names, "layer": layer, "baseline": BASELINE}).records()
    if all(record["plain"] for record in found):
        where = f" at layer {layer}" if layer is not None else ""
        steered = f"under {target}'s mask" if target else "with the subspace erased"
        raise ArtifactError(
            f"experiment {experiment!r} has no {metric} of single pairs{where} {steered}; "
            "they are kept for some metrics, at the layers picked on dev: leave out --layer or --metric"
        )
    values: dict[bool, dict[Pair, float]] = {True: {}, False: {}}
    for record in found:
        values[record["plain"]][record["source"], record["reference"]] = record["value"]
    pools = {(record["source"], record["reference"]): record["candidates"] for record in found}
    shared: dict[str, Any] = {**names, "layer": found[0]["layer"]}
    rows = []
    for source, reference in sorted(values[True].keys() | values[False].keys()):
        before, after = (values[plain].get((source, reference)) for plain in (True, False))
        gain = None if before is None or after is None else after - before
        pair = PairRow(
            **shared,
            candidates=pools[source, reference],
            source=source,
            reference=reference,
            baseline=before,
            steered=after,
            difference=gain,
        )
        rows.append(pair)
    return rows


def _draw_pairs(rows: Sequence[PairRow], *, with_baseline: bool) -> list[Grid]:
    """The plain model's matrix is the same for every target, and stands before the first."""
    first = rows[0]
    metric, target = first.metric, first.target
    where = "" if first.layer is None else f", layer {first.layer}"
    pools = {row.candidates for row in rows}
    pool = f", {first.candidates} candidates" if len(pools) == 1 and first.candidates is not None else ""
    head = f"{first.experiment}{where}{pool}: {title_metric(metric)}"
    steered = f"{target}'s mask" if target else "erased in model"
    before = {(row.source, row.reference): row.baseline for row in rows}
    after = {(row.source, row.reference): row.steered for row in rows}
    gain = {(row.source, row.reference): row.difference for row in rows}
    grids = [
        _draw_matrix(f"{head}, baseline", before, partial(write_value, metric)),
        _draw_matrix(f"{head}, {steered}", after, partial(write_value, metric)),
        _draw_matrix(f"{head}, {steered} less baseline", gain, partial(write_difference, metric)),
    ]
    return grids if with_baseline else grids[1:]


def _draw_matrix(
    title: str, cells: Mapping[Pair, float | None], write: Callable[[float | None], str]
) -> Grid:
    """With the mean of every row and column: out of a language, and into it."""
    languages = sorted({language for pair in cells for language in pair})
    lines = [
        (
            source,
            *(
                "" if source == reference else write(cells.get((source, reference)))
                for reference in languages
            ),
            write(_average(value for pair, value in cells.items() if pair[0] == source)),
        )
        for source in languages
    ]
    into = (_average(value for pair, value in cells.items() if pair[1] == one) for one in languages)
    last = ("mean", *map(write, into), write(_average(cells.values())))
    return Grid(title, ("", *languages, "mean"), (*lines, last))


def _average(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
