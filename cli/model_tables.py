"""What is known of a model, drawn for a terminal or as JSON."""

from typing import NamedTuple

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from polysteer.config.experts import PRESETS
from polysteer.errors import SiteError
from polysteer.models.inspection import ModelFacts, TokenizerFacts
from polysteer.responses.sizes import predict_bytes


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
            raise SiteError(f"{facts.model} has no {site} ({_reason(facts, site)}); it has {known}")
    n_neurons = sum(facts.sites[site].neurons for site in sites)
    return Collected(sites, n_neurons, n_sentences, predict_bytes(n_neurons, n_sentences))


def model_as_json(facts: ModelFacts, collected: Collected) -> dict[str, object]:
    """Plain data, in the order of the table."""
    return {
        "model": facts.model,
        "revision": facts.revision,
        "family": facts.family,
        "parameters": facts.parameters,
        "blocks": facts.blocks,
        "width": facts.width,
        "neurons": facts.neurons,
        "max_tokens": facts.max_tokens,
        "sites": {name: site._asdict() for name, site in facts.sites.items()},
        "absent": dict(facts.absent),
        "tokenizer": facts.tokenizer._asdict() if facts.tokenizer else None,
        "tokenizer_problem": facts.tokenizer_problem,
        "memory": facts.memory._asdict(),
        "collect": collected._asdict(),
    }


def draw_model(facts: ModelFacts, collected: Collected) -> RenderableType:
    """Facts first, then a line per site, then why the others are not there."""
    about = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    at = f" at {facts.revision}" if facts.revision else ""
    memory = facts.memory
    run = "not known for a mixture of experts" if memory.run_bytes is None else _size(memory.run_bytes)
    rows = {
        "model": f"{facts.model}{at}",
        "family": facts.family,
        "parameters": f"{facts.parameters:,}",
        "blocks": f"{facts.blocks}, {facts.width} wide",
        "neurons": f"{facts.neurons:,} in all sites",
        "to load": f"{_size(memory.load_bytes)} as {memory.dtype} on {memory.device}",
        "to read": f"{run}, {memory.batch_tokens} tokens at a time",
        "to collect": f"{_size(collected.bytes)} on disk per language of {collected.sentences} sentences: "
        f"{collected.neurons:,} neurons of {', '.join(collected.sites)}",
        "tokenizer": _tell_tokenizer(facts.tokenizer, facts.tokenizer_problem),
    }
    for name, text in rows.items():
        about.add_row(name, text)
    return Group(about, _draw_sites(facts))


def _draw_sites(facts: ModelFacts) -> Table:
    table = Table("site", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("width", justify="right")
    table.add_column("neurons", justify="right")
    table.add_column("module", overflow="fold")
    for name, site in facts.sites.items():
        table.add_row(name, str(site.width), f"{site.neurons:,}", site.module.replace(", ", "\n"))
    for name, reason in facts.absent.items():
        table.add_row(name, "-", "-", f"none: {reason}")
    return table


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


def _reason(facts: ModelFacts, site: str) -> str:
    return facts.absent.get(site, "there is no such site")


def _size(n_bytes: int) -> str:
    """In decimal units, three digits."""
    number, unit = float(n_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:.3g} {unit}"
