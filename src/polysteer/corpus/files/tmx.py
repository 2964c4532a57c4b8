"""The translation units of a TMX file, with the line of every one."""

import re
from pathlib import Path
from typing import NamedTuple
from xml.parsers.expat import ExpatError, ParserCreate, XMLParserType, errors

from polysteer.corpus.files.textfiles import UTF16_MARKS, check_unpacked, read_start
from polysteer.errors import CorpusError

DECLARED = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)")
N_CHARACTERS = 1 << 20
MARKUP = frozenset({"bpt", "ept", "it", "ph", "ut"})


class Variant(NamedTuple):
    """One language's text of a unit."""

    lang: str
    line: int
    text: str


def read_units(path: Path) -> list[list[Variant]]:
    """All units in the order of the file; inline markup is left out of the text."""
    check_unpacked(path)
    reader, encoding = _Reader(path), _find_encoding(read_start(path, 1024))
    try:
        with path.open(encoding=encoding, newline="") as file:
            while text := file.read(N_CHARACTERS):
                reader.parser.Parse(text.encode(), False)
            reader.parser.Parse(b"", True)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from error
    except LookupError as error:
        raise CorpusError(
            f"{path}:1: no encoding is called {encoding!r}; convert the file to UTF-8"
        ) from error
    except UnicodeError as error:
        line = _find_undecodable(path, encoding)
        raise CorpusError(
            f"{path}:{line}: not in {encoding}, as the file should be; export it anew"
        ) from error
    except ExpatError as error:
        reason = errors.messages[error.code]
        raise CorpusError(f"{path}:{error.lineno}: not well-formed XML: {reason}; export it anew") from error
    return reader.units


def _find_encoding(head: bytes) -> str:
    """By the byte order mark, by zeros between the first letters, else as declared. Expat knows but four."""
    if head.startswith(UTF16_MARKS):
        return "utf-16"
    if head.startswith((b"<\0", b"\0<")):
        return "utf-16-le" if head[1] == 0 else "utf-16-be"
    declared = DECLARED.match(head)
    return declared[1].decode() if declared else "utf-8"


def _find_undecodable(path: Path, encoding: str) -> int:
    try:
        with path.open(encoding=encoding, errors="replace") as file:
            return next((number for number, line in enumerate(file, start=1) if "\ufffd" in line), 1)
    except UnicodeError:  # called UTF-16, and plainly something else from the start
        return 1


class _Reader:
    """Collects units while expat walks through the file."""

    def __init__(self, path: Path) -> None:
        self.units: list[list[Variant]] = []
        self.parser: XMLParserType = ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._read_text
        self.parser.SkippedEntityHandler = self._refuse_entity
        self.parser.ExternalEntityRefHandler = self._refuse_entity
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

    def _refuse_entity(self, name: str, *_: object) -> int:
        """What is defined in another file would be missing from the text."""
        if self._text is None:
            return 1
        raise CorpusError(
            f"{self._path}:{self.parser.CurrentLineNumber}: &{name}; is defined nowhere in the file; "
            "write the character itself"
        )
