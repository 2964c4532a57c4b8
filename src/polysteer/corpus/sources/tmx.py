"""The translation units of a TMX file, with the line of every one."""

from pathlib import Path
from typing import NamedTuple
from xml.parsers.expat import ExpatError, ParserCreate, XMLParserType, errors

from polysteer.errors import CorpusError

MARKUP = frozenset({"bpt", "ept", "it", "ph", "ut"})


class Variant(NamedTuple):
    """One language's text of a unit."""

    lang: str
    line: int
    text: str


def read_units(path: Path) -> list[list[Variant]]:
    """All units in the order of the file; inline markup is left out of the text."""
    reader = _Reader(path)
    try:
        with path.open("rb") as file:
            reader.parser.ParseFile(file)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from error
    except ExpatError as error:
        reason = errors.messages[error.code]
        raise CorpusError(f"{path}:{error.lineno}: not well-formed XML: {reason}; export it anew") from error
    return reader.units


class _Reader:
    """Collects units while expat walks through the file."""

    def __init__(self, path: Path) -> None:
        self.units: list[list[Variant]] = []
        self.parser: XMLParserType = ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._read_text
        self._path = path
        self._lang = ""
        self._line = 0
        self._text: list[str] | None = None
        self._markup_depth = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "tu":
            self.units.append([])
        elif name == "tuv":
            self._line = self.parser.CurrentLineNumber
            self._lang = attributes.get("xml:lang") or attributes.get("lang") or ""
            if not self._lang:
                raise CorpusError(f"{self._path}:{self._line}: a <tuv> without xml:lang")
        elif name == "seg":
            self._text = []
        elif name in MARKUP:
            self._markup_depth += 1

    def _end(self, name: str) -> None:
        if name in MARKUP:
            self._markup_depth -= 1
        elif name == "seg" and self._text is not None and self.units:
            self.units[-1].append(Variant(self._lang, self._line, "".join(self._text)))
            self._text = None

    def _read_text(self, text: str) -> None:
        if self._text is not None and not self._markup_depth:
            self._text.append(text)
