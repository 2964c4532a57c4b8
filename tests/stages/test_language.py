"""What the language model does under a mask, worked out again with transformers and plain loops."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from polysteer.corpus.corpus_table import Corpus
from polysteer.masks.mask import ExpertMask
from polysteer.store import query_database

LANGUAGES = ("de", "en", "ja")


@pytest.fixture(scope="module")
def loaded(model_folder: Path):
    from polysteer.models.loading import load_model

    dtype = load_model(str(model_folder)).model.dtype
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=dtype).eval()
    return model, AutoTokenizer.from_pretrained(model_folder)


def find_own_tokens(tokenizer, corpus: Corpus, target: str) -> set[int]:
    seen = {
        language: {token for text in corpus.texts(language, "find") for token in tokenizer(text)["input_ids"]}
        for language in LANGUAGES
    }
    others = set().union(*(seen[language] for language in LANGUAGES if language != target))
    return seen[target] - others


def mass_by_hand(loaded, texts: list[str], own: set[int]) -> float:
    """Text by text: the model's own logits, softmax, and a sum over the target's tokens at each position."""
    model, tokenizer = loaded
    masses = []
    for text in texts:
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            probabilities = model(input_ids=ids).logits[0, :-1].float().softmax(-1)
        masses += probabilities[:, sorted(own)].sum(1).tolist()
    return sum(masses) / len(masses)


def ask(finished: Path, sql: str) -> float:
    answer = query_database(finished / "artifacts" / "metrics.duckdb", sql).rows
    assert len(answer) == 1
    return float(answer[0][0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_target_s_mass_equals_a_softmax_by_hand(
    finished: Path, loaded, held_by_hand, language: str
) -> None:
    corpus = Corpus.read(finished / "artifacts" / "tiny" / "corpus")
    own = find_own_tokens(loaded[1], corpus, "ja")
    asked = f"metric = 'target_mass' AND source = '{language}' AND reference = 'ja'"
    plain = ask(finished, f"SELECT value FROM metrics WHERE {asked} AND arm = 'baseline'")
    texts = corpus.texts(language, "test")
    assert plain == pytest.approx(mass_by_hand(loaded, texts, own), rel=5e-4)
    mask = ExpertMask.load(finished / "artifacts/tiny/chosen/ja.safetensors")
    with held_by_hand(loaded[0], mask):
        by_hand = mass_by_hand(loaded, texts, own)
    steered = ask(
        finished, f"SELECT value FROM results WHERE {asked} AND view = 'same_layer' AND target = 'ja'"
    )
    assert steered == pytest.approx(by_hand, rel=5e-4)
    assert steered != pytest.approx(plain, rel=2e-3)


def test_own_tokens_and_their_share_of_the_text_equal_a_count(finished: Path, loaded) -> None:
    corpus, tokenizer = Corpus.read(finished / "artifacts" / "tiny" / "corpus"), loaded[1]
    own = find_own_tokens(tokenizer, corpus, "de")
    asked = "FROM metrics WHERE reference = 'de' AND arm = 'baseline'"
    assert ask(finished, f"SELECT value {asked} AND metric = 'own_tokens'") == len(own)
    shares = {}
    for language in LANGUAGES:
        tokens = [t for text in corpus.texts(language, "test") for t in tokenizer(text)["input_ids"][1:]]
        shares[language] = sum(token in own for token in tokens) / len(tokens)
    for source, share in (shares | {"!de": (shares["en"] + shares["ja"]) / 2}).items():
        stored = ask(finished, f"SELECT value {asked} AND metric = 'own_token_share' AND source = '{source}'")
        assert stored == pytest.approx(share)
    assert shares["de"] > 3 * max(shares["en"], shares["ja"])
