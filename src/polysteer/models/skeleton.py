"""A model without weights, built from its config on the meta device: what it would take, in seconds."""

import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import PretrainedConfig, PreTrainedModel

from polysteer.models.anatomy import dissect_model
from polysteer.models.backbone import StopForwardError, find_backbone
from polysteer.models.loading import choose_auto_class
from polysteer.models.source import Source, explain_failure

_TEXT_TOKENS = 128  # attention scores grow with the length of a text: a long paragraph


def build_skeleton(source: Source, config: PretrainedConfig, dtype: torch.dtype) -> PreTrainedModel:
    """What `load_model` would load, of the same class and shape, with no number in it."""
    with explain_failure(source), torch.device("meta"):
        model = choose_auto_class(config).from_config(
            config, dtype=dtype, trust_remote_code=source.trust_remote_code
        )
    assert isinstance(model, PreTrainedModel)
    model = find_backbone(model) if config.is_encoder_decoder else model
    with suppress(ValueError):  # raised by models without a mixture of experts
        model.set_experts_implementation("batched_mm")  # the other implementations look at values
    for part in model.modules():
        if isinstance(part, PreTrainedModel):
            part.config.pad_token_id = None  # else many look for it among ids, which have no value here
    model.train(False)
    return model


def count_bytes(model: nn.Module) -> int:
    """The size of all parameters and buffers, tied ones once."""
    return sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers()))


def measure_activations(model: PreTrainedModel, n_tokens: int) -> int:
    """The most bytes of activations that live at once while a skeleton's first block reads `n_tokens`.

    Blocks are of one width, so that the first stands for all; nothing above the last norm is in it.
    """
    limit = getattr(model.config, "max_position_embeddings", None) or 2 * _TEXT_TOKENS
    length = min(_TEXT_TOKENS, limit // 2)  # half, as some families keep the first positions for themselves
    ids = torch.empty((max(1, n_tokens // length), length), dtype=torch.int64, device="meta")
    first = model.get_submodule(dissect_model(model).blocks[0].module)
    handle = first.register_forward_hook(_stop)
    peak = _PeakMode()
    try:
        with suppress(StopForwardError), torch.inference_mode(), peak:
            find_backbone(model)(input_ids=ids)  # with its cache: without, meta tensors meet `.item()`
    finally:
        handle.remove()
    return peak.n_bytes_most


def _stop(_module: nn.Module, _args: object, _output: object) -> None:
    raise StopForwardError


class _PeakMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of every tensor that operations make, for as long as it lives."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.n_bytes_most = 0
        self._n_bytes = 0
        self._living: dict[int, weakref.ref[torch.UntypedStorage]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for part in tree_leaves(out):
            if isinstance(part, Tensor):
                self._count(part.untyped_storage())
        return out

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, n_bytes = storage._cdata, storage.nbytes()
        if key not in self._living:

            def forget(_dead: object) -> None:
                self._n_bytes -= n_bytes
                del self._living[key]

            self._living[key] = weakref.ref(storage, forget)
            self._n_bytes += n_bytes
            self.n_bytes_most = max(self.n_bytes_most, self._n_bytes)
