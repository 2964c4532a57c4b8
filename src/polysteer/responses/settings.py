"""What decides the content of collected responses, and the fingerprint of that."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from polysteer.artifacts import fingerprint

SCHEMA_VERSION = 2


@dataclass(frozen=True)
class CollectSettings:
    """How sentences become responses; `source` is the fingerprint of the model that reads them."""

    source: str
    sites: tuple[str, ...]
    pool: Literal["max", "mean"] = "max"
    token_budget: int = 4096
    n_sampled_tokens: int = 1024
    seed: int = 0

    def fingerprint(self, language: str, texts: Sequence[str]) -> str:
        """Of one language's responses."""
        return fingerprint("responses", SCHEMA_VERSION, asdict(self), language, list(texts))
