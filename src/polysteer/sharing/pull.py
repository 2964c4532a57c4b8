"""Fetching a published mask: by version or the latest, from a repository's URL or path, verified."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from polysteer.artifacts import atomic_path
from polysteer.errors import SharingError
from polysteer.masks.files import AnyMask, load_mask
from polysteer.sharing.versions import Version, check_name, find_versions, normalise_version


class Delivery(NamedTuple):
    """What was fetched; `checked_against` is `tag`, or `dvc` where the tag holds no checksum."""

    name: str
    version: str
    commit: str
    path: Path
    sha256: str
    checked_against: str
    mask: AnyMask


def pull_mask(
    repository: str, name: str, *, version: str | None = None, out: Path | None = None, replace: bool = False
) -> Delivery:
    """Fetch a mask to `out` (by default NAME.safetensors here); a file with other content is not replaced.

    Nothing is written unless the file is the published one and a mask that can be used.
    """
    check_name(name)
    if os.path.isdir(repository):
        repository = os.path.abspath(repository)
    out = out or Path(f"{name.rpartition(':')[2].replace('/', '-')}.safetensors")
    with _explain(repository, name):
        wanted = _find_version(repository, name, version)
        with atomic_path(out) as temporary:
            md5 = _download(repository, name, wanted, temporary)
            checked_against = _check_content(temporary, wanted, md5)
            mask = load_mask(temporary)
            content = temporary.read_bytes()
            if out.exists() and out.read_bytes() != content and not replace:
                raise SharingError(f"{out} is there with other content; use --force to replace it, or --out")
    sha256 = hashlib.sha256(content).hexdigest()
    return Delivery(name, wanted.name, wanted.commit, out, sha256, checked_against, mask)


def _find_version(repository: str, name: str, version: str | None) -> Version:
    from dvc.repo import Repo  # type: ignore[import-untyped]
    from dvc.scm import Git  # type: ignore[import-untyped]

    with Repo.open(url=repository, subrepos=True, uninitialized=True) as repo:
        if not isinstance(repo.scm, Git):
            raise SharingError(f"{repository} is no git repository")
        versions = find_versions(repo.scm, name)
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


def _download(repository: str, name: str, version: Version, to: Path) -> str | None:
    """Write the file to `to`; the MD5 that DVC has on record, if the file is not kept in git itself."""
    from dvc.api import DVCFileSystem, artifacts_show  # type: ignore[import-untyped]

    place = artifacts_show(name, version=version.name, repo=repository)["path"]
    files = DVCFileSystem(repo=repository, rev=version.commit, subrepos=True)
    md5: str | None = files.info(place).get("md5")
    files.get_file(place, str(to))
    return md5


def _check_content(path: Path, version: Version, md5: str | None) -> str:
    content = path.read_bytes()
    by_tag, by_dvc = (
        hashlib.sha256(content).hexdigest(),
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )
    if version.sha256 not in (None, by_tag) or md5 not in (None, by_dvc):
        raise SharingError(
            f"what came for {version.name} is not the file that was published: its checksum is {by_tag}, "
            f"{version.sha256 or f'MD5 {md5}'} is on record; it was tampered with or damaged, tell its owner"
        )
    return "tag" if version.sha256 else "dvc"


@contextmanager
def _explain(repository: str, name: str) -> Iterator[None]:
    """Turn what DVC, GTO and git raise into one error with a way out."""
    from dvc.exceptions import ArtifactNotFoundError, DvcException  # type: ignore[import-untyped]
    from dvc.scm import CloneError
    from dvc_data.index import DataIndexDirError
    from gto.exceptions import GTOException
    from scmrepo.exceptions import SCMError

    try:
        yield
    except CloneError as error:
        cause = error.__cause__ or error
        raise SharingError(
            f"{repository} cannot be cloned ({cause}); check the address, the network and your access rights"
        ) from error
    except ArtifactNotFoundError as error:
        raise SharingError(
            f"{repository} has a tag for {name!r}, but dvc.yaml at that tag declares no such artifact"
        ) from error
    except (FileNotFoundError, DataIndexDirError) as error:
        raise SharingError(
            f"the file of {name!r} is not in the DVC remote of {repository}; ask its owner to run `dvc push`"
        ) from error
    except (DvcException, GTOException, SCMError) as error:
        raise SharingError(f"{name!r} cannot be fetched from {repository}: {error}") from error
