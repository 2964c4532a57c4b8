"""Reading text files line by line, with every mistake named by file and line."""

import zipfile
from pathlib import Path

from polysteer.errors import CorpusError


def check_folder(path: Path, holds: str) -> None:
    """Refuse what is not a folder; `holds` says what should be inside."""
    if path.is_dir():
        return
    if path.is_file() and (zipfile.is_zipfile(path) or path.suffix in (".gz", ".tgz", ".tar", ".xz", ".bz2")):
        raise CorpusError(f"{path} is an archive; unpack it and name the folder that holds {holds}")
    if path.exists():
        raise CorpusError(f"{path} is a file; name the folder that holds {holds}")
    raise CorpusError(
        f"there is no folder {path}; it should hold {holds} (paths start from where steer runs)"
    )


def read_text(path: Path) -> str:
    """A whole UTF-8 file; another encoding is refused with the line where it shows."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from error
    if zipfile.is_zipfile(path):
        raise CorpusError(f"{path} is an archive; unpack it and name the text file inside")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            f"{path}:{line}: byte 0x{content[error.start]:02x} is not UTF-8; convert the file, "
            f"for instance with: iconv -f LATIN1 -t UTF-8 {path.name}"
        ) from error


def read_lines(path: Path) -> list[str]:
    """Every line of a UTF-8 file without its end; only line feeds end a line, as in `wc -l`."""
    lines = read_text(path).split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]
