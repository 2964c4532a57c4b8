"""Which model this is, from its files alone: what artifacts made with it are stamped with."""

import hashlib
from contextlib import suppress
from pathlib import Path

from polysteer.builtin.model.revisions import builtin_folder
from polysteer.errors import ModelError

_SAMPLE_BYTES = 1 << 20


def identify_model(model_id: str, *, revision: str | None = None) -> str:
    """A string that changes when the weights or the configuration do; needs neither torch nor loading.

    A local folder is known by name, size, and first and last mebibyte of its files (safetensors keep shapes
    and offsets at the start); a hub id by the commit that its revision stands for in the local cache.
    """
    if model_id == "builtin":
        return f"builtin@{_hash_folder(builtin_folder(revision))}"
    folder = Path(model_id).expanduser()
    if folder.is_dir():
        refuse_revision(folder, revision)
        return f"{folder.name}@{_hash_folder(folder)}"
    refuse_absent_folder(model_id)
    return f"{model_id}@{_find_commit(model_id, revision)}"


def refuse_absent_folder(model_id: str) -> None:
    """What is written as a path is no hub id."""
    if model_id.startswith(("/", "./", "../", "~")) or model_id.count("/") > 1:
        raise ModelError(f"there is no folder {model_id}; give one with a config.json, a hub id, or builtin")


def refuse_revision(folder: Path, revision: str | None) -> None:
    """A folder holds one state of a model; others stand beside it or in it."""
    if revision is None:
        return
    places = [*folder.iterdir(), *folder.resolve().parent.iterdir()]
    others = sorted({path.name for path in places if path != folder.resolve() and _is_model(path)})
    raise ModelError(
        f"{folder} is a folder, which has no revision {revision!r}; name the folder of that state instead, "
        + (f"such as those in it or beside it: {', '.join(others)}" if others else "with a slash in it")
    )


def _is_model(path: Path) -> bool:
    return (path / "config.json").is_file()


def _hash_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in {".json", ".safetensors", ".bin", ".model", ".py"}:
            digest.update(f"{path.name}:{path.stat().st_size}:".encode())
            digest.update(_sample(path))
    return digest.hexdigest()[:16]


def _sample(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
        file.seek(max(path.stat().st_size - _SAMPLE_BYTES, 0))
        return head + file.read(_SAMPLE_BYTES)


def find_cached_config(model_id: str, revision: str | None) -> Path | None:
    """The config of a hub model, if it was downloaded before; what cannot be a hub id never was."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    with suppress(HFValidationError):
        cached = try_to_load_from_cache(model_id, "config.json", revision=revision)
        return Path(cached) if isinstance(cached, str) else None
    return None


def _find_commit(model_id: str, revision: str | None) -> str:
    cached = find_cached_config(model_id, revision)
    return cached.parent.name if cached else revision or "main"
