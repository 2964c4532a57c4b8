"""File names with {lang} and {split} in them: which files there are, and what their names say."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from polysteer.errors import CorpusError

PLACEHOLDERS = {"{lang}": r"(?P<lang>[A-Za-z0-9_-]+?)", "{split}": r"(?P<split>[A-Za-z0-9_]+?)"}
TOKEN = re.compile(r"\{lang\}|\{split\}|\*")


class FoundFile(NamedTuple):
    """A file, and the language code and split that its name holds, where the pattern has a place for them."""

    path: Path
    lang: str | None
    split: str | None


def find_files(patterns: Sequence[str], root: Path) -> list[FoundFile]:
    """All files that fit, sorted; a pattern that fits none is refused."""
    found: dict[Path, FoundFile] = {}
    for pattern in patterns:
        matches = _find(pattern, root)
        if not matches:
            raise CorpusError(f"no file fits {root / pattern}; check the path and the placeholders")
        found |= {match.path: match for match in matches}
    return [found[path] for path in sorted(found)]


def as_glob(pattern: str) -> str:
    """The pattern with every placeholder as *."""
    return TOKEN.sub("*", pattern)


def _find(pattern: str, root: Path) -> list[FoundFile]:
    anchor, relative = _split_anchor(root / pattern)
    if not TOKEN.search(relative):
        path = anchor / relative
        return [FoundFile(path, None, None)] if path.is_file() else []
    expression = re.compile(_as_expression(relative))
    matches = []
    for path in anchor.glob(as_glob(relative)):
        match = expression.fullmatch(path.relative_to(anchor).as_posix())
        if match and path.is_file():
            names = match.groupdict()
            matches.append(FoundFile(path, names.get("lang"), names.get("split")))
    return matches


def _split_anchor(path: Path) -> tuple[Path, str]:
    """The folders before the first placeholder, and the rest."""
    parts = path.parts
    n_plain = next((i for i, part in enumerate(parts) if TOKEN.search(part)), len(parts) - 1)
    return Path(*parts[:n_plain]), str(PurePosixPath(*parts[n_plain:]))


def _as_expression(pattern: str) -> str:
    pieces, last, seen = [], 0, set[str]()
    for match in TOKEN.finditer(pattern):
        token = match[0]
        pieces.append(re.escape(pattern[last : match.start()]))
        if token == "*":
            pieces.append("[^/]*")
        else:
            pieces.append(f"(?P={token[1:-1]})" if token in seen else PLACEHOLDERS[token])
        seen.add(token)
        last = match.end()
    return "".join(pieces) + re.escape(pattern[last:])
