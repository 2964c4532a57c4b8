"""`--all-pairs`: every ordered pair of languages: baseline, mask, and difference, at one layer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from statistics import fmean

from polysteer.errors import ArtifactError
from polysteer.grid import Grid
from polysteer.layout import BASELINE, ERASE
from polysteer.report.answer import Answer, Record, explain
from polysteer.report.digits import title_metric, write_difference, write_value
from polysteer.report.question import Question, Subject, View
from polysteer.report.shown_arms import name_arm
from polysteer.store import query_database
from polysteer.store.views import ACTS_IN_MODEL, ONE_LANGUAGE_EACH, SAME_CONFIGURATION

PAIRS = f"""
    SELECT $experiment AS experiment, $target AS target, $metric AS metric, any_value(m.layer) AS layer,
           m.source, m.reference, any_value(m.candidates) AS candidates,
           avg(m.value) FILTER (m.arm = '{BASELINE}') AS baseline,
           avg(m.value) FILTER (m.arm <> '{BASELINE}') AS steered, steered - baseline AS difference
    FROM choices c JOIN metrics m ON {SAME_CONFIGURATION}
    WHERE c.view = 'same_layer' AND m.split = 'test' AND m.metric = $metric AND m.experiment = $experiment
      AND (m.arm = '{BASELINE}' OR (m.target IS NOT DISTINCT FROM $target AND {ACTS_IN_MODEL}))
      AND (m.layer IS NULL OR m.layer = coalesce($layer, c.layer))
      AND {ONE_LANGUAGE_EACH}
    GROUP BY m.source, m.reference ORDER BY m.source, m.reference"""


def show_pairs(question: Question) -> Answer:
    """Matrices of languages: the rows ask, the columns answer."""
    grids: list[Grid] = []
    rows: list[Record] = []
    for experiment in question.experiments:
        for place, target in enumerate(question.list_targets(experiment)):
            found = _read_pairs(question, Subject(experiment, target))
            grids += _grid_pairs(found, with_baseline=place == 0)
            rows += found
    title = title_metric(question.metric)
    note = f"{title} on test: queries in the row's language, candidates in the column's."
    return explain("all-pairs", note, grids, rows)


def _read_pairs(question: Question, subject: Subject) -> list[Record]:
    asked = {**subject._asdict(), "metric": question.metric, "layer": question.layer}
    found = query_database(question.database, PAIRS, asked).records()
    if all(record["steered"] is None for record in found):
        raise ArtifactError(_explain_lack(question, subject))
    return [*found]


def _explain_lack(question: Question, subject: Subject) -> str:
    where = f" at layer {question.layer}" if question.layer is not None else ""
    steered = f"under {subject.target}'s mask" if subject.target else "with the subspace erased"
    return (
        f"experiment {subject.experiment!r} has no {question.metric} of single pairs{where} {steered}; "
        "they are kept for some metrics, at the layers picked on dev: leave out --layer or --metric"
    )


def _grid_pairs(rows: Sequence[Record], *, with_baseline: bool) -> list[Grid]:
    """The plain model's matrix is the same for every target, and stands before the first."""
    first = rows[0]
    metric, layer, target, candidates = (first[name] for name in ("metric", "layer", "target", "candidates"))
    shares_pool = candidates is not None and {row["candidates"] for row in rows} == {candidates}
    head = f"{first['experiment']}{f', layer {layer}' if layer else ''}"
    head += f"{f', {candidates} candidates' if shares_pool else ''}: {title_metric(metric)}"
    plain, steered = name_arm(BASELINE), f"{target}'s mask" if target else name_arm(ERASE)
    value, difference = (partial(write, metric) for write in (write_value, write_difference))
    before, after, gain = (
        {(row["source"], row["reference"]): row[name] for row in rows}
        for name in ("baseline", "steered", "difference")
    )
    grids = [
        _grid_matrix(f"{head}, {plain}", before, value),
        _grid_matrix(f"{head}, {steered}", after, value),
        _grid_matrix(f"{head}, {steered} less {plain}", gain, difference),
    ]
    return grids if with_baseline else grids[1:]


def _grid_matrix(
    title: str, cells: Mapping[tuple[str, str], float | None], write: Callable[[float | None], str]
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


VIEW = View("--all-pairs", show_pairs)
