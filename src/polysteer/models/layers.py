"""Hidden states of embedding layers, taken by own hooks so that what an intervention changed is seen."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from transformers import PreTrainedModel

from polysteer.errors import ModelError
from polysteer.models.anatomy import dissect_model
from polysteer.models.backbone import StopForwardError, find_backbone, run_backbone
from polysteer.models.trace import hidden_tensor
from polysteer.terms import Layer

OnHidden = Callable[[Layer, Tensor], None]


def list_layers(model: PreTrainedModel) -> tuple[Layer, ...]:
    """All layers of a model: 0 for the token embeddings, n for the raw output of block n - 1, final."""
    return (*range(len(dissect_model(model).blocks) + 1), "final")


def read_layer(name: str) -> Layer:
    """A layer by the name that files and tables have for it."""
    return "final" if name == "final" else int(name)


class LayerCapture:
    """Runs a model's backbone as far as the layers need it."""

    def __init__(self, model: PreTrainedModel, layers: Sequence[Layer], on_hidden: OnHidden) -> None:
        self._backbone = find_backbone(model)
        self._needs_final = "final" in layers
        self._last = max((layer for layer in layers if layer != "final"), default=-1)
        self._on_hidden = on_hidden
        self._running = False

    def run(
        self,
        input_ids: Tensor,
        *,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> None:
        """One forward pass, handing over each layer as it is reached; the final one comes last."""
        self._running = True
        try:
            hidden = run_backbone(
                self._backbone, input_ids, attention_mask=attention_mask, position_ids=position_ids
            )
        finally:
            self._running = False
        if self._needs_final and hidden is not None:
            self._on_hidden("final", hidden)

    def see(self, layer: int, hidden: Tensor) -> None:
        """Called by the hooks."""
        if self._running:
            self._on_hidden(layer, hidden)
            if layer == self._last and not self._needs_final:
                raise StopForwardError


@contextmanager
def capture_layers(
    model: PreTrainedModel, layers: Sequence[Layer], on_hidden: OnHidden
) -> Iterator[LayerCapture]:
    """Hand the hidden states [text, token, width] of each of `layers` to `on_hidden` during `run`.

    Inside an intervention they hold what it changed. They are the model's own tensors: read them, keep
    no reference.
    """
    known = list_layers(model)
    for layer in layers:
        if layer not in known:
            raise ModelError(
                f"{type(model).__name__} has no layer {layer!r}; it has 0 to {len(known) - 2} and final"
            )
    capture = LayerCapture(model, layers, on_hidden)
    with ExitStack() as stack:
        for layer in layers:
            if layer != "final":
                handle = _hook_layer(model, layer, capture)
                stack.callback(handle.remove)
        yield capture


def _hook_layer(model: PreTrainedModel, layer: int, capture: LayerCapture) -> RemovableHandle:
    blocks = dissect_model(model).blocks
    if layer == 0:
        first = model.get_submodule(blocks[0].module)

        def on_input(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            capture.see(0, args[0] if args else kwargs["hidden_states"])

        return first.register_forward_pre_hook(on_input, with_kwargs=True)

    def on_output(_module: nn.Module, _args: object, output: object) -> None:
        hidden = hidden_tensor(output)
        assert hidden is not None
        capture.see(layer, hidden)

    return model.get_submodule(blocks[layer - 1].module).register_forward_hook(on_output)
