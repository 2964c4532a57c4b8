"""`source: hub`: tables of a data set on the Hugging Face hub, at one revision."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from polysteer.corpus.files.patterns import FoundFile, as_glob, find_files
from polysteer.corpus.sources.table import Columned
from polysteer.errors import CorpusError


class Hub(Columned):
    """Tables of a data set on the Hugging Face hub, pinned to a revision."""

    source: Literal["hub"]
    dataset: str = Field(description="owner/name")
    revision: str = Field(description="commit, tag or branch; a commit makes the run repeatable")

    def find_files(self, languages: Sequence[str]) -> list[FoundFile]:
        """They are downloaded once, then found in the hub's own cache."""
        return find_files(self.files, self._download(languages))

    def _download(self, languages: Sequence[str]) -> Path:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (
            HfHubHTTPError,
            HFValidationError,
            LocalEntryNotFoundError,
            OfflineModeIsEnabled,
        )

        codes = languages or ("*",)
        wanted = [as_glob(pattern.replace("{lang}", code)) for pattern in self.files for code in codes]
        where = f"data set {self.dataset} at {self.revision}"
        try:
            folder = snapshot_download(
                self.dataset, repo_type="dataset", revision=self.revision, allow_patterns=wanted
            )
        except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
            raise CorpusError(
                f"{where} is not on this machine and the hub cannot be reached: {error}"
            ) from error
        except (HfHubHTTPError, HFValidationError) as error:
            raise CorpusError(
                f"{where} cannot be read: {error}; check its name, revision and your access"
            ) from error
        return Path(folder)
