"""A steered model through MTEB: a bitext task's own evaluator, against retrieval as it is measured here."""

import numpy as np
import pytest

from polysteer.corpus.corpus_settings import make_settings
from polysteer.corpus.joining import read_corpus
from polysteer.embeddings.encoder import SteeredEncoder
from polysteer.masks.edits import NeuronEdit
from polysteer.metrics.mining import mine_bitext
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.metrics.vectors import LanguagePair

PAIR = LanguagePair("es", "fr")


class HoldingMask:
    chosen = None

    def check_fits(self, shape) -> None:
        assert shape.family == "llama"

    def edits(self, *, intervention, strength, blocks) -> list[NeuronEdit]:
        assert (intervention, strength, blocks) == (None, 1.0, None)
        units = np.arange(100)
        return [NeuronEdit("mlp.hidden", 0, units, np.zeros(100, np.float32), np.full(100, 2, np.float32))]


@pytest.fixture(scope="module")
def texts() -> dict[str, list[str]]:
    settings = make_settings(source="builtin", languages=PAIR, find=5, dev=5, test=120)
    corpus = read_corpus(settings)
    return {language: list(corpus.texts(language, "test")) for language in PAIR}


@pytest.mark.filterwarnings("ignore:To copy construct from a tensor:UserWarning")  # MTEB's own
@pytest.mark.parametrize("mask", [None, HoldingMask()])
def test_a_bitext_task_finds_what_retrieval_finds(
    texts: dict[str, list[str]], mask: HoldingMask | None
) -> None:
    import mteb

    from support.bitext_task import OwnBitext

    encoder = SteeredEncoder("builtin", mask=mask)
    result = mteb.evaluate(encoder, OwnBitext(texts["es"], texts["fr"]), cache=None)
    (scores,) = result.task_results[0].scores["test"]
    vectors = {language: encoder.encode(rows) for language, rows in texts.items()}
    retrieval, mined = retrieve_translations(vectors), mine_bitext(vectors)
    top1 = retrieval.hits()[retrieval.pairs.index(PAIR)].mean()
    assert scores["accuracy"] == pytest.approx(top1)
    assert scores["f1"] == pytest.approx(mined.f1()[mined.csls.pairs.index(PAIR)].mean())
    assert 0.2 < top1 < 0.9
