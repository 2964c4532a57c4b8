"""The corpus contract: sentences in several languages, where equal ids are translations of each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from polysteer.artifacts import atomic_path, fingerprint
from polysteer.corpus.corpus_checks import check_table, check_values_present
from polysteer.corpus.corpus_schema import SCHEMA
from polysteer.corpus.draw import SPLIT_NAMES
from polysteer.corpus.findings import Findings
from polysteer.corpus.languages import canonical_language, suggest_language
from polysteer.errors import ArtifactError, DamageError, LanguageError
from polysteer.jsonfile import read_json, write_json

FORMAT = 2
INDEX = "corpus.json"
REMEDY = "run `steer corpus`, which makes it anew"


class Pairing(NamedTuple):
    """The translations that two languages share, and the rows where each side's texts hold them."""

    ids: list[str]
    rows_a: npt.NDArray[np.int64]
    rows_b: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Corpus:
    """Rows of `SCHEMA`, sorted by language, split and id; checked when made, whoever made them."""

    table: pa.Table
    findings: Findings = field(default_factory=Findings, compare=False)

    def __post_init__(self) -> None:
        check_values_present(self.table)
        table = self.table.select(SCHEMA.names).cast(SCHEMA)
        text = pc.utf8_normalize(table["text"], form="NFC")
        table = table.set_column(table.schema.get_field_index("text"), SCHEMA.field("text"), text)
        table = table.sort_by([(name, "ascending") for name in ("lang", "split", "id")]).combine_chunks()
        check_table(table)
        object.__setattr__(self, "table", table)

    @property
    def languages(self) -> tuple[str, ...]:
        """Canonical codes, sorted."""
        return tuple(sorted({lang for lang, _ in self._bounds}))

    @property
    def splits(self) -> tuple[str, ...]:
        """Those of find, dev and test that hold anything, in this order."""
        present = {split for _, split in self._bounds}
        return tuple(split for split in SPLIT_NAMES if split in present)

    def ids(self, split: str, lang: str | None = None) -> list[str]:
        """Sorted ids of a split: of one language, or of all together."""
        if lang is not None:
            return self._column("id", lang, split)
        members = self.table.filter(pc.field("split") == split)["id"].unique().to_pylist()
        return sorted(members)

    def texts(self, lang: str, split: str) -> list[str]:
        """One language's sentences in the order of `ids(split, lang)`."""
        return self._column("text", lang, split)

    def topics(self, lang: str, split: str) -> list[str | None]:
        """The topic of each sentence, None where the source has none."""
        return self._column("topic", lang, split)

    def rows(self, lang: str, split: str) -> pa.Table:
        """Every column of one language's split, in the order of `ids(split, lang)`."""
        if lang not in self.languages:
            raise LanguageError(f"the corpus has no {lang!r}{suggest_language(lang, self.languages)}")
        start, stop = self._bounds.get((lang, split), (0, 0))
        return self.table.slice(start, stop - start)

    def pairing(self, lang_a: str, lang_b: str, split: str) -> Pairing:
        """The sentences of a split that both languages have, with their rows in each side's texts."""
        ids_a, ids_b = (np.array(self.ids(split, lang), dtype=object) for lang in (lang_a, lang_b))
        shared, rows_a, rows_b = np.intersect1d(ids_a, ids_b, assume_unique=True, return_indices=True)
        return Pairing(shared.tolist(), rows_a.astype(np.int64), rows_b.astype(np.int64))

    def pair_ids(self, lang_a: str, lang_b: str, split: str) -> list[str]:
        """Ids of the sentences of a split that both languages have."""
        return self.pairing(lang_a, lang_b, split).ids

    def fingerprint(self, lang: str | None = None) -> str:
        """Changes when and only when the content does: of one language, or of everything."""
        if lang is None:
            return fingerprint(sorted(self._fingerprints.items()))
        if lang not in self._fingerprints:
            raise LanguageError(f"the corpus has no {lang!r}{suggest_language(lang, self.languages)}")
        return self._fingerprints[lang]

    def select(self, languages: Sequence[str]) -> "Corpus":
        """The same corpus with these languages alone."""
        for lang in languages:
            self.fingerprint(lang)
        return Corpus(self.table.filter(pc.field("lang").isin(list(languages))), self.findings)

    def write(self, folder: Path) -> None:
        """One Parquet file per language, then the index that says which; same content, same bytes.

        Files of languages that an earlier index named and this corpus lacks are removed.
        """
        obsolete = set(_list_written(folder)) - set(self.languages)
        for lang in self.languages:
            with atomic_path(folder / f"{lang}.parquet") as temporary:
                stamped = self._slice(lang).replace_schema_metadata({"fingerprint": self._fingerprints[lang]})
                pq.write_table(stamped, temporary, compression="zstd", write_page_checksum=True)
        index = {"format": FORMAT, "languages": self._fingerprints, "findings": self.findings.to_json()}
        write_json(folder / INDEX, index)
        for lang in obsolete:
            (folder / f"{lang}.parquet").unlink(missing_ok=True)

    @classmethod
    def read(cls, folder: Path, languages: Sequence[str] | None = None) -> Self:
        """What `write` wrote, whole or for some languages; a damaged or foreign file is refused."""
        index = _read_index(folder)
        known: dict[str, str] = index["languages"]
        wanted = list(known) if languages is None else [canonical_language(lang) for lang in languages]
        for lang in wanted:
            if lang not in known:
                raise LanguageError(f"{folder} has no {lang!r}{suggest_language(lang, sorted(known))}")
        tables = [_read_language(folder / f"{lang}.parquet", known[lang]) for lang in wanted]
        corpus = cls(pa.concat_tables(tables), Findings.from_json(index["findings"]))
        for lang in wanted:
            if corpus._fingerprints.get(lang) != known[lang]:
                problem = f"is damaged: its content is not what {INDEX} beside it was written for"
                raise DamageError(folder / f"{lang}.parquet", problem, REMEDY)
        return corpus

    @cached_property
    def _bounds(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Where each (language, split) starts and stops in the sorted table."""
        counts = self.table.group_by(["lang", "split"], use_threads=False).aggregate([([], "count_all")])
        bounds, start = {}, 0
        for row in counts.sort_by([("lang", "ascending"), ("split", "ascending")]).to_pylist():
            bounds[row["lang"], row["split"]] = (start, start + row["count_all"])
            start += row["count_all"]
        return bounds

    @cached_property
    def _fingerprints(self) -> dict[str, str]:
        return {lang: self._fingerprint_language(lang) for lang in self.languages}

    def _fingerprint_language(self, lang: str) -> str:
        rows = self._slice(lang)
        return fingerprint({name: rows[name].to_pylist() for name in SCHEMA.names})

    def _slice(self, lang: str) -> pa.Table:
        bounds = [bound for (owner, _), bound in self._bounds.items() if owner == lang]
        start = min(start for start, _ in bounds)
        return self.table.slice(start, max(stop for _, stop in bounds) - start)

    def _column(self, name: str, lang: str, split: str) -> list[Any]:
        values: list[Any] = self.rows(lang, split)[name].to_pylist()
        return values


def _list_written(folder: Path) -> list[str]:
    """The languages of an earlier corpus in the folder; none where its index cannot be used."""
    try:
        return list(_read_index(folder)["languages"])
    except ArtifactError:
        return []


def _read_index(folder: Path) -> dict[str, Any]:
    path = folder / INDEX
    index = read_json(path, remedy=REMEDY)
    if index.get("format") != FORMAT:
        raise ArtifactError(
            f"{path} has format {index.get('format')!r}, this version reads {FORMAT}; {REMEDY}"
        )
    return index


def _read_language(path: Path, expected: str) -> pa.Table:
    try:
        table = pq.read_table(path, page_checksum_verification=True, partitioning=None)
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is not there; {REMEDY}") from error
    except (OSError, pa.ArrowException) as error:
        raise DamageError(path, f"is damaged: {error}", REMEDY) from error
    found = (table.schema.metadata or {}).get(b"fingerprint", b"").decode(errors="replace")
    if table.schema.names != SCHEMA.names or found != expected:
        raise ArtifactError(f"{path} is not the file that {INDEX} beside it was written for; {REMEDY}")
    return table
