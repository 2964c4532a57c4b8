"""What a model is and what it would take, from its config and tokenizer alone, before weights are loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polysteer.errors import ModelError
from polysteer.models.limits import find_limit
from polysteer.models.loading import choose_device, choose_dtype
from polysteer.models.sites import Overrides, describe_shape, explain_absent_sites, find_sites
from polysteer.models.skeleton import build_skeleton, count_bytes, measure_activations
from polysteer.models.source import Source, find_source, load_config, load_tokenizer
from polysteer.models.tokens import find_special_ids

_UNLIMITED = 10**9  # tokenizers without a limit say a number far above


class SiteFacts(NamedTuple):
    """Where a site is (`*` stands for the block's number) and how many units a block has there."""

    module: str
    width: int
    neurons: int


class TokenizerFacts(NamedTuple):
    """What decides how texts become tokens; a token is None where the tokenizer has none of its kind."""

    name: str
    vocabulary: int
    pad: str | None
    bos: str | None
    eos: str | None
    adds_before: tuple[str, ...]  # the special tokens put around every text
    adds_after: tuple[str, ...]
    padding_side: str
    truncation_side: str
    max_tokens: int | None


class MemoryFacts(NamedTuple):
    """Bytes in the precision that the model would have, loaded and while it reads a batch."""

    dtype: str
    device: str
    load_bytes: int
    run_bytes: int | None  # None where the config does not tell: a mixture of experts
    batch_tokens: int


@dataclass(frozen=True)
class ModelFacts:
    """What was found out about a model."""

    model: str
    revision: str | None
    family: str
    parameters: int
    blocks: int
    width: int
    neurons: int  # of all sites
    max_tokens: int | None  # of one text; the tokenizer may have a limit of its own
    sites: Mapping[str, SiteFacts]
    absent: Mapping[str, str]
    tokenizer: TokenizerFacts | None
    tokenizer_problem: str | None
    memory: MemoryFacts


def inspect_model(
    model_id: str,
    *,
    revision: str | None = None,
    dtype: str = "auto",
    device: str = "auto",
    trust_remote_code: bool = False,
    overrides: Overrides | None = None,
    batch_tokens: int = 4096,
) -> ModelFacts:
    """Look at a hub id, a folder or the built-in model; of a hub id only small files are fetched."""
    source = find_source(model_id, revision=revision, trust_remote_code=trust_remote_code)
    config = load_config(source)
    on = torch.device(choose_device(device))
    model = build_skeleton(source, config, choose_dtype(dtype, config, on))
    shape = describe_shape(model, overrides=overrides)
    site_map = find_sites(model, list(shape.width_by_site), overrides=overrides)
    sites = {
        site: SiteFacts(site_map.module_pattern(site), width, shape.count_neurons((site,)))
        for site, width in shape.width_by_site.items()
    }
    tokenizer, problem = _describe_tokenizer(source)
    return ModelFacts(
        model=model_id,
        revision=revision,
        family=shape.family,
        parameters=model.num_parameters(),
        blocks=shape.n_blocks,
        width=shape.width,
        neurons=sum(site.neurons for site in sites.values()),
        max_tokens=find_limit(model),
        sites=sites,
        absent={site: why for site, why in explain_absent_sites(model).items() if site not in sites},
        tokenizer=tokenizer,
        tokenizer_problem=problem,
        memory=_describe_memory(model, on, batch_tokens),
    )


def _describe_tokenizer(source: Source) -> tuple[TokenizerFacts | None, str | None]:
    """The facts, or why there are none: who only looks at a model needs no tokenizer."""
    try:
        tokenizer = load_tokenizer(source)
    except ModelError as error:
        return None, str(error)
    before, after = _find_additions(tokenizer)
    limit = tokenizer.model_max_length
    return TokenizerFacts(
        name=type(tokenizer).__name__,
        vocabulary=len(tokenizer),
        pad=tokenizer.pad_token,
        bos=tokenizer.bos_token,
        eos=tokenizer.eos_token,
        adds_before=before,
        adds_after=after,
        padding_side=tokenizer.padding_side,
        truncation_side=tokenizer.truncation_side,
        max_tokens=limit if limit < _UNLIMITED else None,
    ), None


def _find_additions(tokenizer: PreTrainedTokenizerBase) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The special tokens that it puts before and after a text, read off a text that has some."""
    ids, special = tokenizer("a 1", verbose=False)["input_ids"], set(find_special_ids(tokenizer))
    ordinary = [place for place, token in enumerate(ids) if token not in special]
    first, last = (ordinary[0], ordinary[-1] + 1) if ordinary else (len(ids), len(ids))
    tokens = [str(token) for token in tokenizer.convert_ids_to_tokens(ids)]
    return tuple(tokens[:first]), tuple(tokens[last:])


def _describe_memory(model: PreTrainedModel, device: torch.device, batch_tokens: int) -> MemoryFacts:
    load_bytes = count_bytes(model)
    is_mixture = any("mixture of experts" in why for why in explain_absent_sites(model).values())
    run_bytes = None if is_mixture else load_bytes + measure_activations(model, batch_tokens)
    return MemoryFacts(
        str(model.dtype).removeprefix("torch."), device.type, load_bytes, run_bytes, batch_tokens
    )
