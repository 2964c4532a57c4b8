"""Reading what trials left: as it was written, or a refusal that says what to do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from polysteer.errors import ArtifactError
from polysteer.jsonfile import read_json

REMEDY = "run `steer embed`, which makes it anew"
Read = TypeVar("Read")


@contextmanager
def understanding(path: Path, problem: str) -> Iterator[None]:
    """Refuse the file if what is read from it inside the block makes no sense."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ArtifactError(f"{path} {problem} ({error}); delete it and {REMEDY}") from error


def load_facts(path: Path, make: Callable[..., Read], *, problem: str) -> Read:
    """What the facts in a JSON file make, its stamp aside."""
    facts: dict[str, Any] = read_json(path, remedy=REMEDY)
    facts.pop("fingerprint", None)
    with understanding(path, problem):
        return make(**facts)
