"""`source: conllu`: Universal Dependencies treebanks, with words, tags and trees."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from conllu import TokenList, parse
from conllu.exceptions import ParseException
from pydantic import Field

from polysteer.corpus.extracts import Extract, Tree
from polysteer.corpus.files.textfiles import check_folder, read_lines
from polysteer.corpus.languages import select_languages
from polysteer.corpus.text_source import FileSource, Names
from polysteer.errors import CorpusError

FILE_NAME = re.compile(
    r"(?P<lang>[a-z]{2,3})_(?P<treebank>[a-z0-9]+)-ud-(?P<part>train|dev|test)\b.*\.conllu"
)
HOLDS = "files such as en_pud-ud-test.conllu"
N_FIELDS = 10


class _File(NamedTuple):
    path: Path
    lang: str
    treebank: str
    part: str


class _Sentence(NamedTuple):
    id: str
    bundle: str
    line: int
    text: str
    tree: Tree


class Conllu(FileSource):
    """Universal Dependencies treebanks, files named as UD names them."""

    source: Literal["conllu"]
    path: Path = Field(description="the folder that holds xx_name-ud-part.conllu, in subfolders or not")
    treebanks: tuple[str, ...] = Field((), description="names such as pud; empty for all in the folder")
    parallel: Names = Field(
        (), description="treebanks in which equal sent_id means translation; others go by parallel_id"
    )

    def extract(self, languages: Sequence[str]) -> list[Extract]:
        """All chosen treebanks, languages aligned by parallel_id, or by sent_id where the settings say so."""
        check_folder(self.path, HOLDS)
        files = list(_find_files(self.path))
        self._check_treebanks({file.treebank for file in files})
        available: dict[str, list[_File]] = defaultdict(list)
        for file in files:
            if not self.treebanks or file.treebank in self.treebanks:
                available[file.lang].append(file)
        extracts: list[Extract] = []
        for lang, members in select_languages(languages, available, self.path, HOLDS).items():
            for file in members:
                extracts += _read_file(file, lang, by_sent_id=file.treebank in self.parallel)
        _check_alignment(extracts)
        return extracts

    def _check_treebanks(self, there: set[str]) -> None:
        for name in (*self.treebanks, *self.parallel):
            if there and name not in there:
                raise CorpusError(
                    f"{self.path} has no treebank {name!r}; there is {', '.join(sorted(there))}"
                )


def _find_files(folder: Path) -> Iterator[_File]:
    for path in sorted(folder.rglob("*.conllu")):
        match = FILE_NAME.fullmatch(path.name)
        if match:
            yield _File(path, match["lang"], match["treebank"], match["part"])


def _read_file(file: _File, lang: str, *, by_sent_id: bool) -> list[Extract]:
    """One extract per bundle: the parallel corpus that a sentence names, or the treebank itself."""
    by_bundle: dict[str, list[_Sentence]] = defaultdict(list)
    for first_line, block in _split_blocks(read_lines(file.path)):
        sentence = _read_sentence(file, first_line, block, by_sent_id=by_sent_id)
        by_bundle[sentence.bundle].append(sentence)
    return [
        Extract(
            lang=lang,
            file=file.path,
            ids=[sentence.id for sentence in sentences],
            texts=[sentence.text for sentence in sentences],
            lines=[sentence.line for sentence in sentences],
            part=file.part,
            bundle=bundle,
            trees=[sentence.tree for sentence in sentences],
        )
        for bundle, sentences in by_bundle.items()
    ]


def _split_blocks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The line number and the lines of every sentence."""
    start = 0
    for number, line in enumerate([*lines, ""]):
        if not line.strip():
            if number > start:
                yield start + 1, lines[start:number]
            start = number + 1


def _read_sentence(file: _File, first_line: int, block: list[str], *, by_sent_id: bool) -> _Sentence:
    word_lines = [number for number, line in enumerate(block, start=first_line) if not line.startswith("#")]
    for number in word_lines:
        n_fields = block[number - first_line].count("\t") + 1
        if n_fields != N_FIELDS:
            raise CorpusError(f"{file.path}:{number}: {n_fields} fields, a row of CoNLL-U has {N_FIELDS}")
    try:
        [parsed] = parse("\n".join(block) + "\n\n")
    except (ParseException, ValueError) as error:
        raise CorpusError(f"{file.path}:{first_line}: not a CoNLL-U sentence: {error}") from error
    for key in ("sent_id", "text"):
        if not parsed.metadata.get(key):
            raise CorpusError(f"{file.path}:{first_line}: the sentence has no '# {key} = ...'; add it")
    id_, bundle = _name_sentence(file, parsed, by_sent_id=by_sent_id)
    tree = _read_tree(parsed, [f"{file.path}:{number}" for number in word_lines])
    return _Sentence(id_, bundle, first_line, parsed.metadata["text"], tree)


def _name_sentence(file: _File, parsed: TokenList, *, by_sent_id: bool) -> tuple[str, str]:
    """A sentence's id and its bundle; equal sent_ids of unrelated treebanks must not meet."""
    if by_sent_id:
        return f"{file.treebank}/{parsed.metadata['sent_id']}", file.treebank
    shared = parsed.metadata.get("parallel_id")
    if shared:
        return shared, shared.split("/")[0]
    alone = f"{file.lang}_{file.treebank}"
    return f"{alone}/{parsed.metadata['sent_id']}", alone


def _check_alignment(extracts: Sequence[Extract]) -> None:
    """Refuse a treebank that stands alone beside parallel ones of its name: it only lacks the marks."""
    bundles = {extract.bundle for extract in extracts}
    for extract in extracts:
        name = extract.bundle.partition("_")[2]
        if name in bundles:
            raise CorpusError(
                f"{extract.file}: the sentences have no parallel_id, those of other languages do; "
                f"write 'parallel: {name}' if equal sent_id means translation in this treebank"
            )


def _read_tree(parsed: TokenList, places: list[str]) -> Tree:
    """Syntactic words alone: multiword tokens span them, empty nodes stand outside the basic tree."""
    words = [
        (token, place) for token, place in zip(parsed, places, strict=True) if isinstance(token["id"], int)
    ]
    for number, (word, place) in enumerate(words, start=1):
        if word["id"] != number:
            raise CorpusError(f"{place}: word {word['id']} stands where word {number} should")
        if not isinstance(word["head"], int) or not 0 <= word["head"] <= len(words):
            raise CorpusError(
                f"{place}: {word['form']!r} has the head {word['head']!r}, not 0 to {len(words)}"
            )
    return Tree(*([word[name] for word, _ in words] for name in ("form", "upos", "head", "deprel")))
