"""Reading text files line by line, with every mistake named by file and line."""

import codecs
from pathlib import Path

from polysteer.errors import CorpusError

ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".xz", ".bz2", ".zst")
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh91AY&SY", b"\x28\xb5\x2f\xfd")
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def check_folder(path: Path, holds: str) -> None:
    """Refuse what is not a folder; `holds` says what should be inside."""
    if path.is_dir():
        return
    if path.is_file() and (path.suffix in ARCHIVES or read_start(path).startswith(_PACKED)):
        raise CorpusError(f"{path} is an archive; unpack it and name the folder that holds {holds}")
    if path.exists():
        raise CorpusError(f"{path} is a file; name the folder that holds {holds}")
    raise CorpusError(
        f"there is no folder {path}; it should hold {holds} (paths start from where steer runs)"
    )


def read_start(path: Path, n_bytes: int = 16) -> bytes:
    """The first bytes of a file."""
    try:
        with path.open("rb") as file:
            return file.read(n_bytes)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from error


def check_unpacked(path: Path) -> None:
    """Refuse an archive or a compressed file, whatever its name."""
    if read_start(path).startswith(_PACKED):
        raise CorpusError(f"{path} is an archive; unpack it and name the text file inside")


def check_plain(path: Path) -> None:
    """Refuse what cannot be UTF-8 from its first bytes on: an archive, or UTF-16."""
    check_unpacked(path)
    if read_start(path).startswith(UTF16_MARKS):
        raise CorpusError(f"{path}:1: the file is in UTF-16; {_advise(path, 'UTF-16')}")


def read_text(path: Path) -> str:
    """A whole UTF-8 file; another encoding is refused with the line where it shows."""
    check_plain(path)
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            f"{path}:{line}: byte 0x{content[error.start]:02x} is not UTF-8; {_advise(path, 'LATIN1')}"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CorpusError(f"{path}:{line}: a NUL byte, as in UTF-16 and in damaged files; convert the file")
    return text


def read_lines(path: Path) -> list[str]:
    """Every line of a UTF-8 file without its end; only line feeds end a line, as in `wc -l`."""
    lines = read_text(path).split("\n")
    if len(lines) == 1 and "\r" in lines[0].strip():
        raise CorpusError(
            f"{path}:1: lines end in carriage returns alone; convert them: tr '\\r' '\\n' < {path.name}"
        )
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _advise(path: Path, encoding: str) -> str:
    return f"convert the file, for instance with: iconv -f {encoding} -t UTF-8 {path.name}"
