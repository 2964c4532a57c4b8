"""Where a commit says that an artifact's file is: in git itself, or by a checksum in a DVC remote.

A stranger's dvc.yaml, dvc.lock and .dvc files are read here as text, and never given to DVC.
"""

import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from polysteer.errors import SharingError
from polysteer.sharing.git import Snapshot

_MOST_BYTES = 4 << 20
_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")


class Record(NamedTuple):
    """An output of a pipeline: the file that says so, where the output is, and its checksum."""

    source: str
    path: str
    md5: str


def find_place(files: Snapshot, name: str) -> str:
    """The path that dvc.yaml gives an artifact, from the root of the repository."""
    folder, _, short_name = name.rpartition(":")
    source = posixpath.join(folder, "dvc.yaml")
    declared = _get(_read_yaml(files, source), "artifacts")
    path = _get(_get(declared, short_name), "path")
    if not isinstance(path, str):
        raise SharingError(
            f"the repository has a tag for {name!r}, but {source} at that tag declares no such artifact"
        )
    place = posixpath.normpath(posixpath.join(folder, path))
    if "${" in path or _leaves(place):
        raise SharingError(
            f"{source} gives the artifact {name!r} the path {path!r}; it must be written out, and inside the "
            "repository"
        )
    return place


def find_record(files: Snapshot, place: str) -> Record:
    """The output that is this file, or the nearest folder it is in, as dvc.lock or a .dvc file has it."""
    found = [record for record in _list_records(files, place) if _holds(record.path, place)]
    if not found:
        raise SharingError(
            f"no dvc.lock and no .dvc file of the published commit records {place}; ask its owner to commit "
            "what `dvc repro` writes, and to publish again"
        )
    record = max(found, key=lambda record: len(record.path))
    is_folder = record.path != place
    if not _MD5.fullmatch(record.md5) or record.md5.endswith(".dir") != is_folder:
        raise SharingError(
            f"{record.source} records {record.path} by the checksum {record.md5[:40]!r}, no MD5 of a "
            f"{'folder' if is_folder else 'file'}; ask its owner to publish again with DVC 3 or newer"
        )
    return record


def find_in_listing(listing: bytes, relative: str) -> str | None:
    """The MD5 of a file in a folder, from the JSON that DVC keeps of the folder."""
    try:
        entries = json.loads(listing)
    except (ValueError, RecursionError):
        return None
    for entry in entries if isinstance(entries, list) else []:
        md5 = _get(entry, "md5")
        if _get(entry, "relpath") == relative and isinstance(md5, str) and _MD5.fullmatch(md5):
            return md5
    return None


def list_folders_above(path: str) -> list[str]:
    """The folders that a path is in, the nearest first, "" being the root."""
    folders = [path]
    while folders[-1]:
        folders.append(posixpath.dirname(folders[-1]))
    return folders[1:]


def _list_records(files: Snapshot, place: str) -> Iterator[Record]:
    folders = set(list_folders_above(place))
    for source in files.blob_by_path:
        folder, name = posixpath.split(source)
        if folder not in folders or (name != "dvc.lock" and not name.endswith(".dvc")):
            continue
        content = _read_yaml(files, source)
        stages = _get(content, "stages") if name == "dvc.lock" else {"": content}
        for stage in stages.values() if isinstance(stages, dict) else ():
            folder_of_stage = posixpath.join(folder, _text(stage, "wdir", "."))
            outs = _get(stage, "outs")
            for out in outs if isinstance(outs, list) else ():
                path = posixpath.normpath(posixpath.join(folder_of_stage, _text(out, "path", "")))
                # DVC 2 hashed otherwise, and did not say how.
                yield Record(source, path, _text(out, "md5", "") if _get(out, "hash") == "md5" else "")


def _read_yaml(files: Snapshot, path: str) -> Any:
    """As texts, lists and dicts alone: no tag makes anything else."""
    content = files.read(path) or b""
    if len(content) > _MOST_BYTES:
        raise SharingError(f"{path} has {len(content)} bytes; more than {_MOST_BYTES} are not read")
    try:
        return yaml.load(content.decode(), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SharingError(f"{path} of the published commit is no YAML; tell its owner") from error


def _get(content: Any, name: str) -> Any:
    return content.get(name) if isinstance(content, dict) else None


def _text(content: Any, name: str, default: str) -> str:
    value = _get(content, name)
    return value if isinstance(value, str) else default


def _holds(path: str, place: str) -> bool:
    return place == path or place.startswith(f"{path}/")


def _leaves(path: str) -> bool:
    return posixpath.isabs(path) or path.split("/")[0] in ("..", ".")
