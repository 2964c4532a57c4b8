"""Where a model's files are, and what to say when they are not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    StrictDataclassError,
)
from safetensors import SafetensorError

from polysteer.builtin.model.revisions import builtin_folder
from polysteer.errors import ModelError
from polysteer.models.configuration import check_config, read_config, read_json
from polysteer.models.identity import refuse_absent_folder, refuse_revision

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

_WEIGHT_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
# What building classes out of a stranger's numbers and files ends in.
_FAILURES = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, MemoryError, OSError),
    *(RuntimeError, TypeError, ValueError, SafetensorError, StrictDataclassError),
)


class Source(NamedTuple):
    """What from_pretrained is called with: a hub id with its revision, or a folder."""

    name: str
    place: str
    revision: str | None
    trust_remote_code: bool

    @property
    def folder(self) -> Path | None:
        """The folder, if it is one."""
        return Path(self.place) if Path(self.place).is_dir() else None

    def arguments(self) -> dict[str, object]:
        """Keywords every from_pretrained takes."""
        return {"revision": self.revision or "main", "trust_remote_code": self.trust_remote_code}


def find_source(model_id: str, *, revision: str | None = None, trust_remote_code: bool = False) -> Source:
    """The built-in model's folder, a folder of the user's, or a hub id; a folder is looked over at once."""
    if model_id == "builtin":
        return Source(model_id, str(builtin_folder(revision)), None, False)
    folder = Path(model_id).expanduser()
    if folder.is_dir():
        refuse_revision(folder, revision)
        _refuse_unfinished(folder)
        return Source(model_id, str(folder), None, trust_remote_code)
    refuse_absent_folder(model_id)
    return Source(model_id, model_id, revision, trust_remote_code)


def load_config(source: Source) -> "PretrainedConfig":
    """A model's config, without its weights."""
    from transformers import AutoConfig, PretrainedConfig

    with explain_failure(source):
        config = AutoConfig.from_pretrained(source.place, **source.arguments())
    assert isinstance(config, PretrainedConfig)
    if source.folder is None:
        check_config(config.to_dict(), f"config.json of {source.name}")
    return config


def load_tokenizer(source: Source) -> "PreTrainedTokenizerBase":
    """A model's tokenizer; a folder without one is refused."""
    from transformers import AutoTokenizer, PreTrainedTokenizerBase

    if source.folder is not None and not has_tokenizer(source.folder):
        raise ModelError(
            f"{source.name} has no tokenizer (no tokenizer.json, tokenizer.model or vocabulary); copy the "
            "files of the tokenizer it was trained with into the folder"
        )
    with explain_failure(source):
        tokenizer = AutoTokenizer.from_pretrained(source.place, **source.arguments())
    assert isinstance(tokenizer, PreTrainedTokenizerBase)
    return tokenizer


def check_vocabulary(source: Source, tokenizer: "PreTrainedTokenizerBase", n_rows: int) -> None:
    """Refuse a tokenizer of another model: one with tokens that have no embedding.

    What was added to it and never comes up, as some models have it, does no harm.
    """
    added = tokenizer.get_added_vocab()
    ordinary = {token: id_ for token, id_ in tokenizer.get_vocab().items() if token not in added}
    used = [*ordinary.values(), *tokenizer("a 1", verbose=False)["input_ids"]]
    if used and max(used) >= n_rows:
        raise ModelError(
            f"the tokenizer of {source.name} gives ids up to {max(used)}, and the model knows {n_rows} "
            "tokens: it is another model's; copy the right one into the folder"
        )


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder holds a tokenizer's files."""
    patterns = ("tokenizer.json", "tokenizer.model", "vocab.*", "*.spm", "sentencepiece*.model", "*.tiktoken")
    return any(next(folder.glob(pattern), None) for pattern in patterns)


@contextmanager
def explain_failure(source: Source) -> Iterator[None]:
    """Turn what loading can raise into one ModelError that names the model and the way out."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, _FAILURES) and type(error) is not Exception:  # tokenizers' own has no name
            raise
        raise ModelError(_explain(source, error)) from error


def _explain(source: Source, error: BaseException) -> str:
    name, causes = source.name, list(_causes(error))
    at = f" at revision {source.revision}" if source.revision else ""

    def caused_by(kind: type[BaseException]) -> bool:
        return any(isinstance(cause, kind) for cause in causes)

    if caused_by(GatedRepoError):
        return f"{name} is gated: ask for access on its page at huggingface.co, then run `hf auth login`"
    if caused_by(RepositoryNotFoundError):
        return (
            f"{name} is neither a folder nor a model on the hub; check the name, or log in if it is private"
        )
    if caused_by(RevisionNotFoundError):
        return f"{name} has no revision {source.revision}; its page lists branches, tags and commits"
    if caused_by(HFValidationError):
        return f"{name!r} is neither a folder nor a possible hub id (owner/name)"
    if caused_by(LocalEntryNotFoundError):
        return (
            f"{name}{at} is not in the local cache and the hub cannot be reached; go online once, or "
            "give the folder of a downloaded copy"
        )
    if caused_by(SafetensorError):
        return f"the weights of {name} are damaged or cut off ({error}); download them again"
    if "trust_remote_code" in str(error):
        return (
            f"{name} comes with code of its own; read it, then set `trust_remote_code: true` for this model"
        )
    if "safetensors" in str(error) and "file named" in str(error):
        return (
            f"{name}{at} has no safetensors weights; set `allow_pickle: true` if you trust the pickled ones, "
            "or look for a revision with safetensors"
        )
    told = " ".join(line.strip() for line in str(error).splitlines()[:2])
    kind = "" if isinstance(error, OSError | ValueError | ImportError) else f"{type(error).__name__}: "
    return f"{name}{at} cannot be loaded: {kind}{told}; is its config.json right, and are its files whole?"


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _refuse_unfinished(folder: Path) -> None:
    check_config(read_config(folder), str(folder / "config.json"))
    for name in _WEIGHT_INDEXES:
        if (folder / name).is_file():
            files = _list_shards(folder / name)
            missing = sorted(file for file in files if not (folder / file).is_file())
            if missing:
                raise ModelError(
                    f"{folder} lacks {len(missing)} of {len(files)} weight files, {missing[0]} first; "
                    "download the rest"
                )
            return


def _list_shards(index: Path) -> set[str]:
    """The files that an index names, all of them in its own folder."""
    held = read_json(index)
    by_tensor = held.get("weight_map") if isinstance(held, dict) else None
    names = set[str]()
    for name in by_tensor.values() if isinstance(by_tensor, dict) else [None]:
        if not isinstance(name, str) or Path(name).is_absolute() or ".." in Path(name).parts:
            raise ModelError(f"{index} names {name!r} as a file of weights; get the file anew")
        names.add(name)
    return names
