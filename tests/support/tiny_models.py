"""Random models of the real classes and tokenizers of whole words, as small as a test can do with."""

from collections.abc import Iterable
from pathlib import Path

import torch
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from polysteer.models.loading import LoadedModel
from polysteer.models.tokens import remember_special_ids

_USUAL = {
    "vocab": ("vocab_size",),
    "width": ("hidden_size",),
    "hidden": ("intermediate_size",),
    "blocks": ("num_hidden_layers",),
    "heads": ("num_attention_heads",),
}
# What families call it that go their own way; () where there is no such size to be given.
_OWN: dict[str, dict[str, tuple[str, ...]]] = {
    "Bloom": {"hidden": (), "blocks": ("n_layer",), "heads": ("n_head",)},
    "Falcon": {"hidden": ()},
    "GPT2": {"width": ("n_embd",), "hidden": ("n_inner",), "blocks": ("n_layer",), "heads": ("n_head",)},
    "M2M100": {
        "width": ("d_model",),
        "hidden": ("encoder_ffn_dim", "decoder_ffn_dim"),
        "blocks": ("encoder_layers",),
        "heads": ("encoder_attention_heads", "decoder_attention_heads"),
    },
    "OPT": {"width": ("hidden_size", "word_embed_proj_dim"), "hidden": ("ffn_dim",)},
    "T5": {"width": ("d_model",), "hidden": ("d_ff",), "blocks": ("num_layers",), "heads": ("num_heads",)},
    "XGLM": {
        "width": ("d_model",),
        "hidden": ("ffn_dim",),
        "blocks": ("num_layers",),
        "heads": ("attention_heads",),
    },
}
_CONFIGS = {"Gemma3": "Gemma3Text"}
_USES = {"Bert": "Model", "GPT2": "LMHeadModel", "XLMRoberta": "ForMaskedLM"}


def make_config(
    family: str,
    *,
    vocab: int = 60,
    width: int = 16,
    hidden: int = 24,
    blocks: int = 2,
    heads: int = 2,
    **more: object,
) -> hf.PretrainedConfig:
    """`family` as transformers' classes have it; `more` in the family's own words."""
    sizes = {"vocab": vocab, "width": width, "hidden": hidden, "blocks": blocks, "heads": heads}
    names = _USUAL | _OWN.get(family, {})
    own = {name: size for word, size in sizes.items() for name in names[word]}
    return getattr(hf, f"{_CONFIGS.get(family, family)}Config")(**own | more)


def find_class(family: str, use: str | None = None) -> type[hf.PreTrainedModel]:
    """`use` ends the class's name, as usual for the family where not told."""
    return getattr(hf, family + (use or _USES.get(family, "ForCausalLM")))


def make_model(
    family: str, *, use: str | None = None, seed: int = 0, **sizes_and_more: object
) -> hf.PreTrainedModel:
    """Weights drawn with the seed."""
    config = make_config(family, **sizes_and_more)
    torch.manual_seed(seed)
    return find_class(family, use)(config).eval()


def make_loud(model: hf.PreTrainedModel) -> hf.PreTrainedModel:
    """Its words come to depend on what it read; fresh weights say the same whatever that was."""
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.data *= 5
    return model


def make_tokenizer(words: Iterable[str], *, unknown: str, **special: str) -> hf.PreTrainedTokenizerFast:
    """Words between blanks, their ids as they come; a text begins with `bos_token` where one is named."""
    ids = {word: number for number, word in enumerate(words)}
    inner = Tokenizer(models.WordLevel(ids, unk_token=unknown))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if first := special.get("bos_token"):
        inner.post_processor = processors.TemplateProcessing(
            single=f"{first} $A", special_tokens=[(first, ids[first])]
        )
    return hf.PreTrainedTokenizerFast(tokenizer_object=inner, **special)


def make_loaded(model: hf.PreTrainedModel, tokenizer: hf.PreTrainedTokenizerBase) -> LoadedModel:
    """As `load_model` leaves the two."""
    remember_special_ids(model, tokenizer)
    return LoadedModel(model, tokenizer)


def save_model(
    folder: Path, model: hf.PreTrainedModel, tokenizer: hf.PreTrainedTokenizerBase | None = None
) -> Path:
    """The folder, in the form that a download has."""
    model.save_pretrained(folder)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
    return folder


def list_special_ids(tokenizer: hf.PreTrainedTokenizerBase) -> dict[str, int | None]:
    """Of a tokenizer, as a config has them."""
    return {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}


def save_states(folder: Path, tokenizer: hf.PreTrainedTokenizerBase, *, width: int) -> Path:
    """Two random XLM-R in folders "early" and "done", as two states of one training."""
    sizes = {"vocab": len(tokenizer), "width": width, "hidden": 32, "max_position_embeddings": 130}
    for seed, name in enumerate(("early", "done")):
        model = make_model(
            "XLMRoberta", seed=seed, **sizes, initializer_range=0.3, **list_special_ids(tokenizer)
        )
        save_model(folder / name, model, tokenizer)
    return folder
