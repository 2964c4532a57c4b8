"""JSON artifacts: written whole with their checksum, and refused if they are not what was written."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polysteer.artifacts import atomic_path
from polysteer.checksums import KEY, UNSEALED, hash_content, refuse_other
from polysteer.errors import ArtifactError, DamageError


def write_json(path: Path, facts: Mapping[str, Any]) -> None:
    """Write facts, the checksum before them."""
    text = json.dumps({KEY: UNSEALED, **facts}, ensure_ascii=False, indent=1) + "\n"
    digits = hash_content(text.encode(), text.index(UNSEALED))
    with atomic_path(path) as temporary:
        temporary.write_text(text.replace(UNSEALED, digits, 1), encoding="utf-8")


def read_json(path: Path, *, remedy: str) -> dict[str, Any]:
    """The facts without the checksum; `remedy` says what to do about a file that is missing or damaged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is not there; {remedy}") from error
    except OSError as error:
        raise DamageError(path, f"cannot be read: {error.strerror or error}", remedy) from error
    try:
        facts = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamageError(path, "is damaged: it is not JSON", remedy) from error
    recorded = facts.pop(KEY, None) if isinstance(facts, dict) else None
    if not isinstance(recorded, str):
        raise ArtifactError(
            f"{path} has no checksum, as earlier versions wrote it or damage left it; {remedy}"
        )
    place = content.find(recorded.encode())
    refuse_other(path, recorded, hash_content(content, place), remedy=remedy)
    return dict(facts)
