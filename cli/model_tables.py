"""What is known of a model, and what collecting from it would take, as tables."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from polysteer.cli.sheets import write_bytes
from polysteer.config.experts import PRESETS
from polysteer.errors import SiteError
from polysteer.grid import Grid
from polysteer.models.inspection import ModelFacts, TokenizerFacts
from polysteer.responses.sizes import predict_bytes

if TYPE_CHECKING:
    from polysteer.cli.sheets import Part


class Collected(NamedTuple):
    """What `collect` would write of one language."""

    sites: tuple[str, ...]
    neurons: int
    sentences: int
    bytes: int


def choose_collected(facts: ModelFacts, given: str | None, n_sentences: int) -> Collected:
    """The sites asked for, else mlp.hidden, else all that there are."""
    if given is None:
        sites = ("mlp.hidden",) if "mlp.hidden" in facts.sites else tuple(facts.sites)
    else:
        sites = tuple(site for name in given.split(",") for site in PRESETS.get(name, (name,)))
    for site in sites:
        if site not in facts.sites:
            known = ", ".join((*facts.sites, *PRESETS))
            reason = facts.absent.get(site, "there is no such site")
            raise SiteError(f"{facts.model} has no {site} ({reason}); it has {known}")
    n_neurons = sum(facts.sites[site].neurons for site in sites)
    return Collected(sites, n_neurons, n_sentences, predict_bytes(n_neurons, n_sentences))


def list_model(facts: ModelFacts, collected: Collected) -> "Iterator[Part]":
    """Facts first, then a line per site, then why the others are not there."""
    at = f" at {facts.revision}" if facts.revision else ""
    memory = facts.memory
    run = "not known for a mixture of experts" if memory.run_bytes is None else write_bytes(memory.run_bytes)
    about = {
        "model": f"{facts.model}{at}",
        "family": facts.family,
        "parameters": f"{facts.parameters:,}",
        "blocks": f"{facts.blocks}, {facts.width} wide",
        "neurons": f"{facts.neurons:,} in all sites",
        "to load": f"{write_bytes(memory.load_bytes)} as {memory.dtype} on {memory.device}",
        "to read": f"{run}, {memory.batch_tokens} tokens at a time",
        "to collect": f"{write_bytes(collected.bytes)} on disk per language of {collected.sentences} "
        f"sentences: {collected.neurons:,} neurons of {', '.join(collected.sites)}",
        "tokenizer": _tell_tokenizer(facts.tokenizer, facts.tokenizer_problem),
    }
    yield Grid("", (), tuple(about.items()))
    sites = [
        (name, str(site.width), f"{site.neurons:,}", site.module.replace(", ", "\n"))
        for name, site in facts.sites.items()
    ]
    sites += [(name, "-", "-", f"none: {reason}") for name, reason in facts.absent.items()]
    yield Grid("", ("site", "width", "neurons", "module"), tuple(sites))


def _tell_tokenizer(facts: TokenizerFacts | None, problem: str | None) -> str:
    if facts is None:
        return f"none ({problem})"
    named = (("pad", facts.pad), ("BOS", facts.bos), ("EOS", facts.eos))
    tokens = [f"{kind} {token or 'none'}" for kind, token in named]
    added = " ".join((*facts.adds_before, "text", *facts.adds_after))
    limit = "any length" if facts.max_tokens is None else f"up to {facts.max_tokens} tokens"
    return (
        f"{facts.name}, {facts.vocabulary:,} entries, {', '.join(tokens)}; reads `{added}`, {limit}; "
        f"pads {facts.padding_side}, cuts {facts.truncation_side}"
    )
