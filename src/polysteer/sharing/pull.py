"""Fetching a published mask: by version or the latest, from a repository's URL or path, verified."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from polysteer.artifacts import atomic_path
from polysteer.errors import SharingError
from polysteer.masks.files import AnyMask, load_mask
from polysteer.sharing.git import Snapshot, clone_bare, open_snapshot
from polysteer.sharing.records import Record, find_in_listing, find_place, find_record
from polysteer.sharing.remote import RemoteAddress, fetch_object, find_remote
from polysteer.sharing.versions import Version, check_name, find_versions, normalise_version

Approve = Callable[[RemoteAddress], bool]
"""Asked before anything is read from an address that a repository names."""


class Delivery(NamedTuple):
    """What was fetched; `checked_against` is `tag`, or `dvc` or `git` where the tag holds no checksum."""

    name: str
    version: str
    commit: str
    path: Path
    sha256: str
    checked_against: str
    mask: AnyMask


def pull_mask(
    repository: str,
    name: str,
    *,
    approve: Approve,
    version: str | None = None,
    out: Path | None = None,
    replace: bool = False,
) -> Delivery:
    """Fetch a mask to `out` (by default NAME.safetensors here); a file with other content is not replaced.

    Nothing is read from the DVC remote before `approve`, and nothing is written unless the file is the
    published one and a mask that can be used. Of the repository's own DVC settings the address alone counts.
    """
    check_name(name)
    if os.path.isdir(repository):
        repository = os.path.abspath(repository)
    out = out or Path(f"{name.rpartition(':')[2].replace('/', '-')}.safetensors")
    with TemporaryDirectory() as folder:
        clone, file = Path(folder) / "clone", Path(folder) / out.name
        clone.mkdir()
        clone_bare(repository, clone)
        wanted = _find_version(clone, repository, name, version)
        md5 = _fetch(open_snapshot(clone, wanted.commit), repository, name, approve, file)
        checked_against = _check_content(file, wanted, md5)
        mask, content = load_mask(file), file.read_bytes()
    if out.exists() and out.read_bytes() != content and not replace:
        raise SharingError(f"{out} is there with other content; use --force to replace it, or --out")
    with atomic_path(out) as temporary:
        temporary.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return Delivery(name, wanted.name, wanted.commit, out, sha256, checked_against, mask)


def _find_version(clone: Path, repository: str, name: str, version: str | None) -> Version:
    from dvc.scm import Git  # type: ignore[import-untyped]

    with Git(str(clone)) as scm:
        versions = find_versions(scm, name)
    if not versions:
        raise SharingError(
            f"{repository} has no published version of {name!r} (an annotated tag like {name}@v1.0.0); "
            "check the name, or ask its owner to publish one"
        )
    if version in (None, "latest"):
        return versions[0]
    wanted = normalise_version(version or "")
    for known in versions:
        if known.name == wanted:
            return known
    raise SharingError(
        f"{name!r} has no version {wanted} in {repository}; there are {', '.join(v.name for v in versions)}"
    )


def _fetch(files: Snapshot, repository: str, name: str, approve: Approve, to: Path) -> str | None:
    """Write the file to `to`; the MD5 that DVC has on record, if the file is not kept in git itself."""
    place = find_place(files, name)
    content = files.read(place)
    if content is not None:
        to.write_bytes(content)
        return None
    record = find_record(files, place)
    remote = find_remote(files, record.source, repository)
    if not approve(remote):
        raise SharingError(f"{name!r} was not fetched from {remote}, as you chose")
    md5 = record.md5 if record.path == place else _find_in_folder(remote, record, place, to)
    if md5 is None or not fetch_object(remote, md5, to):
        raise SharingError(
            f"{place} is not in the DVC remote {remote}: it was never pushed, or the address cannot be "
            "reached; ask its owner to run `dvc push`"
        )
    return md5


def _find_in_folder(remote: RemoteAddress, record: Record, place: str, scratch: Path) -> str | None:
    if not fetch_object(remote, record.md5, scratch):
        return None
    listing = scratch.read_bytes()
    found = _md5(listing)
    if f"{found}.dir" != record.md5:
        raise SharingError(
            f"the listing of {record.path} is not the file that was published: its MD5 is {found}, "
            f"{record.md5} is on record; it was tampered with or damaged, tell its owner"
        )
    return find_in_listing(listing, place.removeprefix(f"{record.path}/"))


def _check_content(path: Path, version: Version, md5: str | None) -> str:
    content = path.read_bytes()
    by_tag = hashlib.sha256(content).hexdigest()
    if version.sha256 not in (None, by_tag) or md5 not in (None, _md5(content)):
        raise SharingError(
            f"what came for {version.name} is not the file that was published: its checksum is {by_tag}, "
            f"{version.sha256 or f'MD5 {md5}'} is on record; it was tampered with or damaged, tell its owner"
        )
    return "tag" if version.sha256 else "dvc" if md5 else "git"


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
