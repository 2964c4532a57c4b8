"""Versions of an artifact: annotated git tags `name@v1.0.0`, written and read by GTO."""

import re
from contextlib import ExitStack
from typing import Any, NamedTuple

from polysteer.errors import SharingError

_CHECKSUM_LINE = re.compile(r"^sha256: ([0-9a-f]{64})$", re.MULTILINE)


class Version(NamedTuple):
    """One registered version; the checksum is absent where another tool registered it."""

    name: str
    commit: str
    sha256: str | None


def find_versions(scm: Any, artifact: str) -> list[Version]:
    """The versions of an artifact that are registered and not taken back, the highest first."""
    from gto.registry import GitRegistry

    with ExitStack() as stack:
        registry = stack.enter_context(GitRegistry.from_scm(scm))
        versions = registry.find_artifact(artifact, create_new=True).get_versions()
    return [
        Version(version.version, version.commit_hexsha, read_checksum(version.message))
        for version in versions
    ]


def write_message(tag: str, sha256: str) -> str:
    """What the tag says; the checksum stands in git, where whoever holds the DVC remote cannot change it."""
    return f"{tag}\n\nsha256: {sha256}"


def read_checksum(message: str) -> str | None:
    """The reverse of `write_message`."""
    match = _CHECKSUM_LINE.search(message)
    return match[1] if match else None


def normalise_version(version: str) -> str:
    """`1.0.0` and `v1.0.0` are both v1.0.0."""
    from gto.versions import SemVer

    name = version if version.startswith("v") else f"v{version}"
    if not SemVer.is_valid(name):  # type: ignore[no-untyped-call]
        raise SharingError(f"{version!r} is no semantic version; write one like 1.0.0 or 2.1.0-rc1")
    return name


def check_name(artifact: str) -> None:
    """Refuse a name that GTO cannot put in a tag."""
    from gto.constants import assert_fullname_is_valid
    from gto.exceptions import ValidationError

    try:
        assert_fullname_is_valid(artifact)  # type: ignore[no-untyped-call]
    except ValidationError as error:
        raise SharingError(
            f"{artifact!r} cannot name an artifact; use letters, digits and hyphens inside, like bloom-ja"
        ) from error
