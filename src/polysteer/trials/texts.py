"""The file of what a model wrote after some prompts: JSON, to be read by people too."""

from pathlib import Path
from typing import NamedTuple

from polysteer.errors import ArtifactError
from polysteer.jsonfile import read_json, write_json
from polysteer.trials.kept import REMEDY


class WrittenTexts(NamedTuple):
    """Prompts, and what followed each."""

    prompts: tuple[str, ...]
    texts: tuple[str, ...]


def save_texts(path: Path, written: WrittenTexts, *, stamp: str) -> None:
    """Write both, stamped with what they were made from."""
    write_json(path, {"fingerprint": stamp, **written._asdict()})


def load_texts(path: Path) -> WrittenTexts:
    """Read both."""
    content = read_json(path, remedy=REMEDY)
    try:
        written = WrittenTexts(tuple(content["prompts"]), tuple(content["texts"]))
        if len(written.prompts) != len(written.texts):
            raise ValueError(f"{len(written.prompts)} prompts, {len(written.texts)} texts")
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"{path} does not say what a model wrote ({error}); delete it and {REMEDY}"
        ) from error
    return written
