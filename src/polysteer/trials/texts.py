"""The file of what a model wrote after some prompts: JSON, to be read by people too."""

import json
from pathlib import Path
from typing import NamedTuple

from polysteer.artifacts import atomic_path
from polysteer.errors import ArtifactError


class WrittenTexts(NamedTuple):
    """Prompts, and what followed each."""

    prompts: tuple[str, ...]
    texts: tuple[str, ...]


def save_texts(path: Path, written: WrittenTexts, *, stamp: str) -> None:
    """Write both, stamped with what they were made from."""
    content = {"fingerprint": stamp, **written._asdict()}
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load_texts(path: Path) -> WrittenTexts:
    """Read both."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        written = WrittenTexts(tuple(content["prompts"]), tuple(content["texts"]))
        if len(written.prompts) != len(written.texts):
            raise ValueError(f"{len(written.prompts)} prompts, {len(written.texts)} texts")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"{path} does not say what a model wrote ({error}); delete it and run `steer embed`"
        ) from error
    return written


def are_current(path: Path, stamp: str) -> bool:
    """Whether the file is whole and carries this stamp; anything else will be made anew."""
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["fingerprint"] == stamp)
    except (OSError, ValueError, KeyError, TypeError):
        return False
