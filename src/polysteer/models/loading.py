"""A hub id, a local folder or the built-in model becomes a model and its tokenizer."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from logging import ERROR, getLogger
from typing import Any, NamedTuple

import torch
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForTextEncoding,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES,
)
from transformers.utils import logging

from polysteer.errors import ModelError
from polysteer.models.backbone import count_embeddings, find_backbone
from polysteer.models.source import (
    Source,
    check_vocabulary,
    explain_failure,
    find_source,
    load_config,
    load_tokenizer,
)
from polysteer.models.tokens import remember_special_ids
from polysteer.processor import multiplies_bfloat16

_LOGGER = getLogger(__name__)
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class LoadedModel(NamedTuple):
    """A model ready to read, and the tokenizer that goes with it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


def load_model(
    model_id: str,
    *,
    revision: str | None = None,
    dtype: str = "auto",
    device: str = "auto",
    device_map: str | None = None,
    trust_remote_code: bool = False,
    allow_pickle: bool = False,
) -> LoadedModel:
    """Load a causal language model or an encoder, in evaluation mode; of an encoder-decoder the encoder.

    `dtype` auto is the checkpoint's own on an accelerator and `choose_dtype`'s on a CPU; what it came to
    is `model.dtype`. `device_map` auto spreads a large model over all devices; `device` is not used then.
    """
    source = find_source(model_id, revision=revision, trust_remote_code=trust_remote_code)
    tokenizer = load_tokenizer(source)
    config = load_config(source)
    on = torch.device(choose_device(device))
    precision = choose_dtype(dtype, config, on)
    model = _load_weights(
        source, config, dtype=precision, device_map=device_map or {"": on}, allow_pickle=allow_pickle
    )
    model = find_backbone(model) if config.is_encoder_decoder else model
    check_vocabulary(source, tokenizer, count_embeddings(model))
    remember_special_ids(model, tokenizer)
    model.train(False)
    return LoadedModel(model, tokenizer)


def choose_device(device: str) -> str:
    """`auto` becomes the best device there is."""
    if device != "auto":
        _refuse_absent_device(device)
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _refuse_absent_device(device: str) -> None:
    kind, _, number = device.partition(":")
    counts = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    there = [name if count == 1 else f"{name}:0 to {count - 1}" for name, count in counts.items() if count]
    is_there = (number or "0").isdecimal() and int(number or 0) < counts.get(kind, 0)
    if not is_there:
        raise ModelError(f"there is no device {device!r}; there is auto, {', '.join(there)}")


def choose_dtype(dtype: str, config: PretrainedConfig, device: torch.device) -> torch.dtype:
    """`auto` becomes the checkpoint's own precision, on a CPU the one that it multiplies fastest."""
    if dtype != "auto":
        if dtype not in DTYPES:
            raise ModelError(f"dtype is {dtype!r}; it can be auto, {', '.join(DTYPES)}")
        return DTYPES[dtype]
    if device.type == "cpu":
        return torch.bfloat16 if multiplies_bfloat16() else torch.float32
    own = config.dtype
    return own if isinstance(own, torch.dtype) else torch.float32


def choose_auto_class(config: PretrainedConfig) -> Any:
    """The transformers class that loads this checkpoint: by the architecture it was saved as."""
    architecture = (config.architectures or [""])[0]
    remote = getattr(config, "auto_map", None) or {}
    if "AutoModelForCausalLM" in remote or architecture in set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()):
        return AutoModelForCausalLM
    if config.is_encoder_decoder and config.model_type in MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES:
        return AutoModelForTextEncoding
    return AutoModel


def _load_weights(
    source: Source,
    config: PretrainedConfig,
    *,
    dtype: torch.dtype,
    device_map: str | dict[str, torch.device],
    allow_pickle: bool,
) -> PreTrainedModel:
    with explain_failure(source), _silence_transformers():
        load = partial(
            choose_auto_class(config).from_pretrained,
            source.place,
            config=config,
            dtype=dtype,
            use_safetensors=None if allow_pickle else True,
            output_loading_info=True,
            **source.arguments(),
        )
        try:
            model, report = load(device_map=device_map)
        except RuntimeError as error:
            if "ignore_mismatched_sizes" not in str(error):
                raise
            _, report = load(device_map={"": "meta"}, ignore_mismatched_sizes=True)  # only to say which
            raise ModelError(_describe_mismatch(source, report["mismatched_keys"])) from error
    missing = sorted(name for name in report["missing_keys"] if "pooler" not in name)
    if missing:
        raise ModelError(
            f"the weights of {source.name} lack {len(missing)} tensors, {missing[0]} first, which would be "
            "random; download them again, or check that config.json belongs to them"
        )
    unused = sorted(report["unexpected_keys"])
    if unused:
        _LOGGER.warning(
            "%d tensors of the weights of %s are no part of this model, %s first, and are left out",
            *(len(unused), source.name, unused[0]),
        )
    assert isinstance(model, PreTrainedModel)
    return model


def _describe_mismatch(
    source: Source, mismatched: Collection[tuple[str, Sequence[int], Sequence[int]]]
) -> str:
    name, stored, expected = min(mismatched)
    return (
        f"the weights of {source.name} do not fit its config.json, in {len(mismatched)} tensors: {name} is "
        f"{'x'.join(map(str, stored))}, not {'x'.join(map(str, expected))}; get both from one place"
    )


@contextmanager
def _silence_transformers() -> Iterator[None]:
    """A library prints nothing: not how far it has come, and what lacks or is left out is for us to say."""
    was_on, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity(ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if was_on:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
