"""`source: hub`: tables of a data set on the Hugging Face hub, at one revision."""

from collections.abc import Sequence
from pathlib import Path

from polysteer.corpus.draw import Draw
from polysteer.corpus.origins import Hub
from polysteer.corpus.sources.patterns import as_glob, find_files
from polysteer.corpus.sources.table import read_tables
from polysteer.corpus.table import Corpus
from polysteer.errors import CorpusError


def read_corpus(origin: Hub, draw: Draw) -> Corpus:
    """The files are downloaded once, then found in the hub's own cache."""
    folder = _download(origin, draw.languages)
    return read_tables(find_files(origin.files, folder), origin, draw)


def _download(origin: Hub, languages: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    codes = languages or ("*",)
    wanted = [as_glob(pattern.replace("{lang}", code)) for pattern in origin.files for code in codes]
    where = f"data set {origin.dataset} at {origin.revision}"
    try:
        folder = snapshot_download(
            origin.dataset, repo_type="dataset", revision=origin.revision, allow_patterns=wanted
        )
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise CorpusError(f"{where} is not on this machine and the hub cannot be reached: {error}") from error
    except (HfHubHTTPError, HFValidationError) as error:
        raise CorpusError(
            f"{where} cannot be read: {error}; check its name, revision and your access"
        ) from error
    return Path(folder)
