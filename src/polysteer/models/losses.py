"""Next-token losses from final hidden states, a few tokens' logits at a time."""

from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
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


class ExpectedTokens:
    """How often each token is expected: next-token probabilities summed over positions, by group of texts."""

    def __init__(self, n_groups: int) -> None:
        self._n_groups = n_groups
        self._sums: Tensor | None = None

    def add(self, probabilities: Tensor, groups: Tensor) -> None:
        """Probabilities [position, vocabulary], and which group each position's text is in."""
        if self._sums is None:
            self._sums = probabilities.new_zeros(self._n_groups, probabilities.shape[1])
        members = nn.functional.one_hot(groups.to(probabilities.device), self._n_groups)
        self._sums.addmm_(members.T.to(probabilities.dtype), probabilities)

    def sums(self) -> npt.NDArray[np.float32] | None:
        """[group, vocabulary] in fp32; None where nothing was predicted."""
        return None if self._sums is None else self._sums.cpu().numpy()


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

    def sum_losses(
        self,
        hidden: Tensor,
        input_ids: Tensor,
        predicted: Tensor,
        *,
        expected: ExpectedTokens | None = None,
        groups: Tensor | None = None,
    ) -> Tensor:
        """Of each text the summed negative log-likelihood, in nats, of the tokens in `predicted`.

        What is expected where they stand is added to `expected`, to the group that `groups` gives each text.
        """
        predicted = predicted[:, 1:]
        states, targets = hidden[:, :-1][predicted], input_ids[:, 1:][predicted].to(hidden.device)
        most = _MOST_LOGITS_ON_CPU if hidden.device.type == "cpu" else _MOST_LOGITS
        step = max(_LEAST_TOKENS, most // self._n_vocab)
        group_of = None if groups is None else groups[:, None].expand_as(predicted)[predicted]
        losses = []
        for i in range(0, len(states), step):
            log_p = nn.functional.log_softmax(self.compute_logits(states[i : i + step]), dim=-1)
            losses.append(nn.functional.nll_loss(log_p, targets[i : i + step], reduction="none"))
            if expected is not None and group_of is not None:
                expected.add(log_p.exp_(), group_of[i : i + step])
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
