"""One answer in every format: JSON of one shape, CSV of every row, Markdown of all that is shown."""

import csv
import io
import json
from dataclasses import asdict, replace

from polysteer.cli.answers import print_answer
from polysteer.grid import Grid
from polysteer.report import Answer, Headline, Summary, list_facts, summarize, write_csv, write_markdown


def answer(*found: Headline) -> Answer:
    records = tuple(asdict(row) for one in found for row in one.rows)
    return Answer(parts=(), records=records, summaries=tuple(one.summary for one in found))


def test_json_has_summary_then_rows(database):
    [one] = summarize(database, experiment="tiny", target="ja")
    single = list_facts(answer(one))
    assert list(single) == ["summary", "summaries", "stale", "experiments", "rows"]
    assert single["summaries"] == [single["summary"]] == [asdict(one.summary)]
    assert list(single["rows"]) == [asdict(row) for row in one.rows]
    several = list_facts(answer(*summarize(database, experiment="tiny")))
    assert [summary["target"] for summary in several["summaries"]] == ["de", "ja"]
    assert several["summary"] is None


def test_json_has_the_facts_of_a_view_below():
    told = list_facts(Answer(parts=(), records=(), facts={"view": "new", "note": "so"}))
    assert list(told)[4:] == ["rows", "view", "note"]
    assert (told["summary"], told["summaries"]) == (None, [])


def test_json_has_no_infinity(capsys):
    summary = Summary(
        "ja", "try", "final", 1, 5, 0.1, 0.2, *[None] * 3, 2.0, *[None] * 4, 0, cost=float("inf")
    )
    made = Answer(parts=(), records=({"value": float("nan")},), summaries=(summary,))
    print_answer(made, "json")
    told = json.loads(capsys.readouterr().out, parse_constant=lambda name: name)
    assert told["summary"]["cost"] is None
    assert told["rows"] == [{"value": None}]


def test_csv_has_every_row(database):
    [one] = summarize(database, experiment="tiny", target="ja")
    found = list(csv.DictReader(io.StringIO(write_csv(answer(one).records))))
    assert len(found) == len(one.rows)
    assert [float(record["value"]) for record in found] == [row.value for row in one.rows]


def test_markdown_has_words_and_tables_in_their_order():
    grid = Grid("a* (%)", ("", "x|y"), (("one", "1"), ("two", "2")))
    made = Answer(parts=("First.\nSecond.", grid, "Third."), records=())
    assert write_markdown(made) == (
        "First.\n\nSecond.\n\n"
        "**a\\* (%)**\n\n|  | x\\|y |\n| --- | --- |\n| one | 1 |\n| two | 2 |\n\n"
        "Third.\n"
    )
    assert write_markdown(replace(made, parts=("Only.",))) == "Only.\n"
