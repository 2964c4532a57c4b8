import json
from collections.abc import Callable
from typing import Any

import numpy as np

from polysteer.corpus.corpus_inspection import inspect_corpus
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.findings import Finding, Findings

MakeCorpus = Callable[..., Corpus]


def split_by_space(text: list[str], *, add_special_tokens: bool) -> dict[str, Any]:
    assert not add_special_tokens
    return {"input_ids": [list(range(len(line.split()))) for line in text]}


def test_counts_lengths_and_rows_by_hand(make_corpus: MakeCorpus) -> None:
    rows = [(f"i{n}", lang, "find", f"{lang} " * (n + 1)) for n in range(7) for lang in ("de", "en")]
    rows += [("x", "en", "test", "en only"), ("y", "ja", "dev", "ja")]
    findings = Findings((Finding("incomplete", "ja", 4, ("i1",)), Finding("empty", "en", 2, ("en.txt:3",))))
    found = inspect_corpus(Corpus(make_corpus(*rows).table, findings), split_by_space)
    assert found.n_meanings == {"find": 7, "dev": 1, "test": 1}
    english = next(language for language in found.languages if language.lang == "en")
    assert english.n_sentences == {"find": 7, "dev": 0, "test": 1}
    n_tokens = [1, 2, 3, 4, 5, 6, 7, 2]
    assert english.tokens is not None
    assert english.tokens.median == 3.5
    assert english.tokens.percentile_95 == np.percentile(n_tokens, 95)
    assert english.tokens.longest == 7
    assert english.characters.longest == len("en " * 7)
    assert (english.n_empty, english.n_missing) == (2, 0)
    assert found.languages[2].n_missing == 4
    assert [row.id for row in found.examples] == ["i0", "i1", "i2", "y", "x"]
    assert found.examples[1].texts == {"de": "de de ", "en": "en en "}


def test_rows_that_most_languages_share_come_first(make_corpus: MakeCorpus) -> None:
    rows = [(f"a{n}", "en", "find", f"alone {n}") for n in range(6)]
    rows += [("z", lang, "find", f"{lang} together") for lang in ("en", "ja")]
    found = inspect_corpus(make_corpus(*rows))
    assert found.examples[0].texts == {"en": "en together", "ja": "ja together"}
    assert found.languages[0].tokens is None


def test_pairs_that_lack_sentences_are_counted(make_corpus: MakeCorpus) -> None:
    rows = [(f"{lang}{n}", side, "dev", f"{side} {lang} {n}") for lang in ("de", "ja") for n in range(3)
            for side in (lang, "en")]  # fmt: skip
    rows += [(f"t{n}", lang, "test", f"{lang} {n}") for lang in ("de", "en", "ja") for n in range(3)]
    found = inspect_corpus(make_corpus(*rows))
    [gaps] = found.gaps
    assert gaps.describe() == (
        "dev: 2 of 3 pairs of languages are compared (de-en, en-ja), those left out share fewer than "
        "2 sentences (de-ja)"
    )
    assert json.loads(json.dumps(found.to_json()))["gaps"] == [
        {
            "splits": ["dev"],
            "pairs": [
                {"languages": ["de", "en"], "n_shared": 3},
                {"languages": ["de", "ja"], "n_shared": 0},
                {"languages": ["en", "ja"], "n_shared": 3},
            ],
        }
    ]


def test_all_of_it_is_json(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(("a", "en", "find", "x y"))
    data = json.loads(json.dumps(inspect_corpus(corpus, split_by_space).to_json()))
    assert data["fingerprint"] == corpus.fingerprint()
    assert data["languages"][0]["tokens"] == {"median": 2.0, "percentile_95": 2.0, "longest": 2}
    assert data["examples"] == [{"id": "a", "split": "find", "texts": {"en": "x y"}}]
