"""A folder's tokenizer without transformers, where its files alone say how text is cut into tokens."""

from pathlib import Path
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from polysteer.models.configuration import read_config, read_json
from polysteer.models.source import Source, explain_failure, load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_GENERIC = ("TokenizersBackend", "PreTrainedTokenizerFast")  # classes that take the file as it is
# Families of which transformers builds a class of their own, even where the folder names a generic one.
REBUILT = frozenset(
    {"hyperclovax_vision_v2", "qwen2", "qwen3_5", "qwen3_5_moe", "qwen3_5_moe_text", "qwen4_exp", "siglip2"}
)
_TOKENS = tuple(f"{name}_token" for name in ("bos", "eos", "unk", "sep", "pad", "cls", "mask"))
# What else may be said of a tokenizer and does not change which tokens a text has.
_HARMLESS = {
    *("tokenizer_class", "backend", "model_max_length", "padding_side", "truncation_side", "name_or_path"),
    *("model_input_names", "clean_up_tokenization_spaces", "chat_template", "is_local", "local_files_only"),
}


class FileTokenizer:
    """A tokenizer.json as it is: nothing cut off, nothing padded."""

    def __init__(self, inner: Tokenizer) -> None:
        inner.no_truncation()
        inner.no_padding()
        self._inner = inner

    def __call__(self, text: list[str], *, add_special_tokens: bool) -> dict[str, list[list[int]]]:
        """The encoding of every text."""
        encoded = self._inner.encode_batch(text, add_special_tokens=add_special_tokens)
        return {"input_ids": [one.ids for one in encoded]}


def open_tokenizer(source: Source) -> "FileTokenizer | PreTrainedTokenizerBase":
    """The folder's file where that alone says which tokens a text has, else what transformers loads."""
    if source.folder is not None and (source.folder / "tokenizer.json").is_file():
        with explain_failure(source):
            inner = Tokenizer.from_file(str(source.folder / "tokenizer.json"))
        if _says_all(source.folder, inner):
            return FileTokenizer(inner)
    return load_tokenizer(source)


def _says_all(folder: Path, inner: Tokenizer) -> bool:
    """Whether transformers would take the file as it is, with no token and no rule of its own."""
    path = folder / "tokenizer_config.json"
    settings = read_json(path) if path.is_file() else None
    if not isinstance(settings, dict) or settings.get("tokenizer_class") not in _GENERIC:
        return False
    named = [settings.get(name) for name in _TOKENS]
    known = {token.content for token in inner.get_added_tokens_decoder().values()}
    return (
        settings.keys() <= _HARMLESS | set(_TOKENS)
        and all(token is None or (isinstance(token, str) and token in known) for token in named)
        and read_config(folder).get("model_type") not in REBUILT
    )
