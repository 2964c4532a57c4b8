"""Every mistake Polysteer can name, as one tree of exceptions."""

from pathlib import Path


class PolysteerError(Exception):
    """Base of all: the message says what was wrong, its value, where it stands and what to do."""


class ConfigError(PolysteerError):
    """experiments.yaml, or a value given on the command line, cannot be used."""


class ProjectError(PolysteerError):
    """A folder cannot become a project."""


class CorpusError(PolysteerError):
    """Text cannot be read, aligned or split."""


class LanguageError(CorpusError):
    """A language code is unknown, ambiguous, or names a language that the text lacks."""


class ModelError(PolysteerError):
    """A model or its tokenizer cannot be found, loaded or run."""


class SiteError(ModelError):
    """A model has no such site, or its structure does not say where it is."""


class InterventionError(ModelError):
    """A mask cannot be applied here, or would be applied wrongly."""


class MaskError(PolysteerError):
    """A mask file is damaged, or was made for another shape of model."""


class ArtifactError(PolysteerError):
    """Something in artifacts/ is missing, stale, damaged or cannot be written."""


class DamageError(ArtifactError):
    """A file is there and is not what was written: `problem` says how that shows."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        super().__init__(f"{path} {problem}; {remedy}")
        self.path, self.problem = path, problem


class SharingError(PolysteerError):
    """A mask cannot be published to, or fetched from, a repository of git and DVC."""


class NumericError(PolysteerError):
    """A number is not finite, or an array has a shape no definition covers."""


class QueryError(PolysteerError):
    """A question to the metrics database is not valid SQL, or asks for more than reading."""


class OutputError(PolysteerError):
    """What was asked for cannot be written to stdout."""
