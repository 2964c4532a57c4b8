"""How long a text a model reads: what its config and its table of positions say."""

from torch import nn
from transformers import PreTrainedModel

from polysteer.models.backbone import find_backbone

_NAMES = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_sequence_length")


def find_limit(model: PreTrainedModel) -> int | None:
    """The most tokens of one text, specials included; None where nothing bounds them (Bloom, T5).

    Models with rotary or ALiBi positions read on beyond it, but were not trained to: it bounds them too.
    """
    backbone = find_backbone(model)
    config = backbone.config.get_text_config()
    named = [getattr(config, name, None) for name in _NAMES]
    limits = [limit for limit in named if isinstance(limit, int) and limit > 0]
    for name, module in backbone.named_modules():
        # RoBERTa and its kin count positions from the one after the padding's.
        if isinstance(module, nn.Embedding) and name.endswith("position_embeddings"):
            first = 0 if module.padding_idx is None else module.padding_idx + 1
            limits.append(module.num_embeddings - first)
    return min(limits, default=None)
