"""Next-token losses from final hidden states, a few tokens' logits at a time."""

from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from polysteer.errors import ModelError
from polysteer.models.backbone import find_backbone, find_input_device, run_backbone

_MOST_LOGITS = 1 << 26  # 256 MiB in fp32
_MOST_LOGITS_ON_CPU = 1 << 19  # so that they stay in its cache: four times as fast
_LEAST_TOKENS = 64  # at a time, below which the product itself gets slow
_MOST_DEVIATION = 0.1  # of a logit's spread: far above bf16's rounding, far below a missing scale

_verified: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()


def find_predicted(real: Tensor, attention_mask: Tensor | None) -> Tensor:
    """Which tokens have a loss: the real ones that a token of the same text, BOS included, stands before."""
    predicted = real.clone()
    predicted[:, 0] = False
    if attention_mask is not None:
        predicted[:, 1:] &= attention_mask[:, :-1].bool()
    return predicted


class LossHead:
    """The way from final hidden states to logits, checked once per model against the model's own."""

    def __init__(self, model: PreTrainedModel) -> None:
        head = None if find_backbone(model) is model else model.get_output_embeddings()  # type: ignore[no-untyped-call]
        if head is None:
            raise ModelError(
                f"{type(model).__name__} predicts no next token, so it has no losses and no perplexity"
            )
        config = model.config.get_text_config()
        self._head, self._n_vocab = head, head.weight.shape[0]
        divisor = getattr(config, "logits_scaling", None) or 1.0
        self._scale = (getattr(config, "logit_scale", None) or 1.0) / divisor
        self._cap = getattr(config, "final_logit_softcapping", None)
        if model not in _verified:
            self._verify(model)
            _verified[model] = True

    def compute_logits(self, hidden: Tensor) -> Tensor:
        """Logits in fp32 of hidden states [token, width]."""
        logits: Tensor = self._head(hidden).float()
        if self._scale != 1:
            logits = logits * self._scale
        return logits if self._cap is None else self._cap * torch.tanh(logits / self._cap)

    def sum_losses(self, hidden: Tensor, input_ids: Tensor, predicted: Tensor) -> Tensor:
        """Of each text the summed negative log-likelihood, in nats, of the tokens in `predicted`."""
        predicted = predicted[:, 1:]
        states, targets = hidden[:, :-1][predicted], input_ids[:, 1:][predicted].to(hidden.device)
        most = _MOST_LOGITS_ON_CPU if hidden.device.type == "cpu" else _MOST_LOGITS
        step = max(_LEAST_TOKENS, most // self._n_vocab)
        losses = [
            nn.functional.cross_entropy(
                self.compute_logits(states[i : i + step]), targets[i : i + step], reduction="none"
            )
            for i in range(0, len(states), step)
        ]
        by_token = hidden.new_zeros(predicted.shape, dtype=torch.float32)
        if losses:
            by_token[predicted] = torch.cat(losses)
        return by_token.sum(1)

    def _verify(self, model: PreTrainedModel) -> None:
        ids = torch.arange(3, 7, device=find_input_device(model))[None]
        with torch.no_grad():
            hidden = run_backbone(find_backbone(model), ids)
            assert hidden is not None
            ours, own = self.compute_logits(hidden[0]), model(input_ids=ids).logits[0].float()
        spread = own.std().clamp(min=1e-6)
        if not bool(((ours - own).abs().max() / spread) < _MOST_DEVIATION):
            raise ModelError(
                f"{type(model).__name__} makes its logits in a way that is not known here, so its perplexity "
                "cannot be computed; leave perplexity out for this model, or report its family"
            )
