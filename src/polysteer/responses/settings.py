"""What decides the content of collected responses, and the fingerprint of that."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from polysteer.artifacts import fingerprint
from polysteer.terms import ResponsePool

SCHEMA_VERSION = 2
SAMPLED_TOKENS = 1024


@dataclass(frozen=True)
class ResponseSettings:
    """How sentences become responses; `source` is the fingerprint of the model that reads them.

    A sample of single tokens' activations takes more room than a thousand sentences' responses: 0 is none.
    """

    source: str
    sites: tuple[str, ...]
    pool: ResponsePool = "max"
    token_budget: int = 4096
    n_sampled_tokens: int = SAMPLED_TOKENS
    seed: int = 0

    def fingerprint(self, language: str, texts: Sequence[str]) -> str:
        """Of one language's responses."""
        return fingerprint("responses", SCHEMA_VERSION, asdict(self), language, list(texts))

    def list_enough(self, language: str, texts: Sequence[str]) -> list[str]:
        """The fingerprints of responses that serve: with a sample too where none is needed."""
        serving = [self] if self.n_sampled_tokens else [self, replace(self, n_sampled_tokens=SAMPLED_TOKENS)]
        return [one.fingerprint(language, texts) for one in serving]
