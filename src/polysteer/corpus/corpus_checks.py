"""What every corpus must satisfy, wherever it came from."""

import pyarrow as pa
import pyarrow.compute as pc

from polysteer.corpus.corpus_schema import ANNOTATIONS, SCHEMA
from polysteer.corpus.draw import SPLIT_NAMES
from polysteer.corpus.languages import canonical_language
from polysteer.errors import CorpusError


def check_values_present(table: pa.Table) -> None:
    """Refuse a sentence without one of the values that every one must have."""
    for field in SCHEMA:
        if not field.nullable and table[field.name].null_count:
            raise CorpusError(f"a sentence has no {field.name}; every row needs id, lang, split and text")


def check_table(table: pa.Table) -> None:
    """Refuse a table of `SCHEMA` that breaks the corpus contract, naming the first offender."""
    _check_texts(table)
    _check_languages(table)
    _check_splits(table)
    _check_ids(table)
    _check_annotations(table)


def _check_texts(table: pa.Table) -> None:
    empty = table.filter(pc.equal(pc.utf8_trim_whitespace(table["text"]), ""))
    if empty.num_rows:
        row = empty.slice(0, 1).to_pylist()[0]
        raise CorpusError(f"sentence {row['id']!r} in {row['lang']!r} is empty; leave it out")


def _check_languages(table: pa.Table) -> None:
    for lang in table["lang"].unique().to_pylist():
        canonical = canonical_language(lang)
        if canonical != lang:
            raise CorpusError(f"language {lang!r} must be written {canonical!r} inside a corpus")


def _check_splits(table: pa.Table) -> None:
    unknown = set(table["split"].unique().to_pylist()) - set(SPLIT_NAMES)
    if unknown:
        raise CorpusError(f"split {min(unknown)!r} is none of {', '.join(SPLIT_NAMES)}")
    meanings = table.select(["id", "split"]).group_by(["id", "split"]).aggregate([])
    counts = meanings.group_by("id").aggregate([([], "count_all")])
    shared = counts.filter(pc.field("count_all") > 1)["id"]
    if len(shared):
        worst = min(shared.to_pylist())
        splits = sorted(meanings.filter(pc.field("id") == worst)["split"].to_pylist())
        raise CorpusError(
            f"sentence {worst!r} is in {len(splits)} splits ({', '.join(splits)}), "
            f"{len(shared)} such ids in all; a meaning belongs to one split, or test repeats what was learned"
        )


def _check_ids(table: pa.Table) -> None:
    counts = table.group_by(["lang", "id"]).aggregate([([], "count_all")])
    repeated = counts.filter(pc.field("count_all") > 1)
    if repeated.num_rows:
        row = min(repeated.to_pylist(), key=lambda item: (item["lang"], item["id"]))
        raise CorpusError(f"sentence {row['id']!r} stands {row['count_all']} times in {row['lang']!r}")


def _check_annotations(table: pa.Table) -> None:
    n_tokens = pc.list_value_length(table["tokens"])
    for name in ANNOTATIONS[1:]:
        differs = pc.fill_null(pc.not_equal(pc.list_value_length(table[name]), n_tokens), False)
        bad = table.filter(differs)
        if bad.num_rows:
            row = bad.slice(0, 1).to_pylist()[0]
            raise CorpusError(
                f"sentence {row['id']!r} in {row['lang']!r} has {len(row['tokens'])} tokens "
                f"but {len(row[name])} {name}"
            )
