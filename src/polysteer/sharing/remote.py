"""The DVC remote that a stranger's repository names: which of its settings are taken, and reading from it.

Settings of a remote can run commands (an AWS profile with a credential process), send passwords elsewhere
or name files of the reader's machine. So a repository may give an address and what belongs to one; whoever
needs more sets it up on their own machine.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from polysteer.errors import SharingError
from polysteer.sharing.git import Snapshot, last_line
from polysteer.sharing.records import list_folders_above

_OF_ADDRESSES: Mapping[str, tuple[str, ...]] = {
    "": (),
    "http": (),
    "https": (),
    "s3": ("endpointurl", "region", "allow_anonymous_login"),
    "gs": ("projectname", "allow_anonymous_login"),
    "azure": ("account_name", "allow_anonymous_login"),
    "ssh": ("user", "port"),
}
"""By scheme, "" being a path, the settings that say where and as whom, but not with what secret."""

_IDLE = ("url", "jobs", "checksum_jobs", "timeout", "read_timeout", "connect_timeout", "verify", "type")
"""Settings that may stand there and are not used: how fast and how carefully its owner's DVC works."""

_HOST = re.compile(r"([\w.+-]+@)?\w[\w.-]*(:\d{1,5})?")
_PLAIN = re.compile(r"[\w.@+-]{1,100}")
_MISSING_EXTRA = re.compile(r"requires '(dvc-\w+)'|missing dependencies: \['([\w-]+)'")


class RemoteAddress(NamedTuple):
    """Where files are: a URL, or a path of this machine, and what else belongs to the address."""

    url: str
    settings: Mapping[str, str]

    @property
    def is_path(self) -> bool:
        """Whether it is a folder of this machine."""
        return not urlsplit(self.url).scheme

    def __str__(self) -> str:
        more = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        return f"{self.url} ({more})" if more else self.url


def find_remote(files: Snapshot, source: str, repository: str) -> RemoteAddress:
    """The default remote of the DVC project that `source`, a file of the repository, belongs to."""
    configs = (f"{folder}/.dvc/config".lstrip("/") for folder in list_folders_above(source))
    where = next((path for path in configs if path in files.blob_by_path), None)
    if where is None:
        raise SharingError(
            f"{repository} has no .dvc/config, so it does not say where {source} keeps its files"
        )
    config = _parse_config(files.read(where) or b"", where)
    name = str(_section(config, "core").get("remote", "")).lower()
    settings = _section(config, f'remote "{name}"') or _section(config, f"remote '{name}'")
    url = settings.get("url")
    if not isinstance(url, str) or not url:
        raise SharingError(
            f"{where} of {repository} names no default DVC remote to fetch from; tell its owner"
        )
    return _check(url, settings, Path(where).parent, repository)


def fetch_object(remote: RemoteAddress, md5: str, to: Path) -> bool:
    """Bring the file with this checksum; False where the remote does not have it."""
    place = f"{remote.url.rstrip('/')}/files/md5/{md5[:2]}/{md5[2:]}"
    try:
        if remote.is_path:
            shutil.copyfile(place, to)
            return True
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SharingError(f"{place} cannot be read: {error.strerror or error}") from error
    return _fetch_url(remote, place, to)


def explain_failure(stderr: str) -> str:
    """Why DVC stopped, and the package to install where that is the reason."""
    missing = _MISSING_EXTRA.search(stderr)
    if missing:
        package = missing[1] or missing[2]
        return f"that takes the package {package}, which is not installed: `pip install {package}`"
    return last_line(stderr).removeprefix("ERROR: ").removeprefix("unexpected error - ")


def _check(url: str, settings: Mapping[str, Any], folder: Path, repository: str) -> RemoteAddress:
    """Refuse a setting that is not an address's, and an address that is not plain."""
    parts = urlsplit(url if url.isprintable() else "unprintable:")
    wanted, scheme = _OF_ADDRESSES.get(parts.scheme), parts.scheme
    if wanted is None or (scheme and (parts.query or parts.fragment or not _HOST.fullmatch(parts.netloc))):
        raise _refuse(repository, f"the URL {url!r}", f"{', '.join(filter(None, _OF_ADDRESSES))} are read")
    foreign = [name for name in settings if name not in (*wanted, *_IDLE)]
    if foreign:
        allowed = ", ".join(("url", *wanted))
        raise _refuse(repository, f"the setting {foreign[0]}", f"{allowed} are taken")
    for name in wanted:
        _check_value(repository, name, settings.get(name))
    if scheme:
        return RemoteAddress(url, {name: settings[name] for name in wanted if name in settings})
    root = Path(repository.removeprefix("file://"))
    if not root.is_dir():
        raise _refuse(repository, f"the path {url!r} of its owner's machine", "an address of the network is")
    return RemoteAddress(os.path.abspath(root / folder / Path(url).expanduser()), {})


def _check_value(repository: str, name: str, value: object) -> None:
    if value is None:
        return
    if name == "endpointurl" and isinstance(value, str):
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc) and value.isprintable()
    else:
        good = isinstance(value, str) and _PLAIN.fullmatch(value)
    if not good:
        raise _refuse(repository, f"the setting {name} = {value!r}", "a plain value is")


def _refuse(repository: str, what: str, instead: str) -> SharingError:
    return SharingError(
        f"{repository} keeps its files at a DVC remote with {what}, which is not taken from a repository "
        f"({instead}); nothing was fetched: ask its owner to keep it out of git with `dvc remote modify "
        "--local`, and set up access on your own machine"
    )


def _parse_config(content: bytes, where: str) -> Mapping[str, Any]:
    from configobj import ConfigObj, ConfigObjError  # type: ignore[import-untyped]

    try:
        config = ConfigObj(content.decode().splitlines(), interpolation=False, list_values=False)
    except (ConfigObjError, UnicodeDecodeError) as error:
        raise SharingError(f"{where} of the published commit cannot be read: {error}") from error
    return {name.lower(): section for name, section in config.dict().items()}


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = config.get(name)
    return {key.lower(): value for key, value in section.items()} if isinstance(section, dict) else {}


def _fetch_url(remote: RemoteAddress, url: str, to: Path) -> bool:
    """By DVC in a process and an empty folder of its own, where no project's settings are read."""
    options = [f"{name}={value}" for name, value in remote.settings.items()]
    with TemporaryDirectory() as empty:
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "get-url", "--force", url, str(to.absolute())]
            + (["--fs-config", *options] if options else []),
            cwd=empty,
            env={**os.environ, "DVC_NO_ANALYTICS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if not done.returncode:
        return True
    if "does not exist" in done.stderr:
        return False
    raise SharingError(f"the DVC remote {remote} cannot be read: {explain_failure(done.stderr)}")
