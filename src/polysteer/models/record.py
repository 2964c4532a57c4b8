"""The values of neurons while a model reads."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from transformers import PreTrainedModel

from polysteer.models.anatomy import Tap
from polysteer.models.backbone import StopForwardError, find_backbone, run_backbone
from polysteer.models.sites import SiteMap
from polysteer.models.trace import hidden_tensor

OnValues = Callable[[str, int, int, Tensor], None]


class Recorder:
    """Runs a model's backbone as far as the recorded sites need it."""

    def __init__(self, model: PreTrainedModel, n_taps: int, on_values: OnValues) -> None:
        self._backbone = find_backbone(model)
        self._n_taps, self._n_seen = n_taps, 0
        self._on_values = on_values
        self._shape: tuple[int, int] | None = None

    def run(
        self,
        input_ids: Tensor,
        *,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> None:
        """One forward pass, handing over each site's values as they arise."""
        self._shape, self._n_seen = (input_ids.shape[0], input_ids.shape[1]), 0
        try:
            run_backbone(self._backbone, input_ids, attention_mask=attention_mask, position_ids=position_ids)
        finally:
            self._shape = None

    def see(self, site: str, block: int, first_unit: int, values: Tensor) -> None:
        """Called by the hooks."""
        if self._shape is not None:
            # Some modules get the tokens of all texts in one long row.
            by_text = values.reshape(*self._shape, -1) if values.ndim == 2 else values
            self._on_values(site, block, first_unit, by_text)
            self._n_seen += 1
            if self._n_seen == self._n_taps:
                raise StopForwardError


@contextmanager
def record(model: PreTrainedModel, site_map: SiteMap, on_values: OnValues) -> Iterator[Recorder]:
    """Call `on_values(site, block, first_unit, values)` for every site while `run` is under way.

    `values` is [text, token, unit] of the units from `first_unit` on: a site whose units stand in several
    modules (q, k, v) comes in as many parts. Inside an intervention they are what it made of them. They
    are the model's own tensors, which it may change afterwards: reduce or copy them at once.
    """
    recorder = Recorder(model, sum(len(taps) for taps in site_map.taps.values()), on_values)
    with ExitStack() as stack:
        for (site, block), taps in site_map.taps.items():
            first_unit = 0
            for tap in taps:
                handle = _hook_tap(model, tap, recorder, site, block, first_unit)
                stack.callback(handle.remove)
                first_unit += tap.width
        yield recorder


def _hook_tap(
    model: PreTrainedModel, tap: Tap, recorder: Recorder, site: str, block: int, first_unit: int
) -> RemovableHandle:
    columns = slice(tap.start, tap.stop, tap.step)

    def on_input(_module: nn.Module, args: tuple[Any, ...]) -> None:
        recorder.see(site, block, first_unit, args[0][..., columns])

    def on_output(_module: nn.Module, _args: object, output: object) -> None:
        hidden = hidden_tensor(output)
        assert hidden is not None
        recorder.see(site, block, first_unit, hidden[..., columns])

    module = model.get_submodule(tap.module)
    if tap.side == "input":
        return module.register_forward_pre_hook(on_input)
    return module.register_forward_hook(on_output)
