"""What tests of several rooms hold a thing to."""

from collections.abc import Callable
from pathlib import Path

from polysteer.errors import PolysteerError


def check_read_or_refused(read: Callable[[Path], object], path: Path, refusal: type[PolysteerError]) -> None:
    """Whatever the file holds, it is read, or a refusal names it; nothing else is raised."""
    try:
        found = read(path)
    except refusal as error:
        assert str(path) in str(error)  # noqa: PT017, as it need not be refused
    else:
        assert found is not None
