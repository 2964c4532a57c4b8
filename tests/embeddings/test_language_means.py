"""Centring, the mean-difference vector and the surface rival, each beside numpy or scikit-learn by hand."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from polysteer.embeddings.character_ngrams import embed_surface
from polysteer.embeddings.language_means import (
    add_direction,
    average_languages,
    center_languages,
    mean_difference,
)
from polysteer.errors import NumericError
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.metrics.sparse import retrieve_sparse_translations


@pytest.fixture
def layers() -> dict[str, np.ndarray]:
    """[layer, sentence, width]: meanings shared, an offset per language."""
    generator = np.random.default_rng(1)
    meanings = generator.standard_normal((2, 40, 6))
    return {
        name: (meanings + 5 * generator.standard_normal((2, 1, 6))).astype(np.float32)
        for name in ("de", "en", "ja")
    }


def test_means_are_per_language_and_layer(layers):
    means = average_languages(layers)
    assert means["ja"].shape == (2, 6)
    np.testing.assert_allclose(
        means["ja"][1], np.mean([layers["ja"][1, i] for i in range(40)], axis=0), rtol=1e-5
    )


def test_centring_takes_away_what_only_the_language_adds(layers):
    centred = center_languages(layers, average_languages(layers))
    np.testing.assert_allclose(centred["ja"], centred["en"], atol=1e-5)
    before = retrieve_translations({name: rows[0] for name, rows in layers.items()}).hits().mean()
    after = retrieve_translations({name: rows[0] for name, rows in centred.items()}).hits().mean()
    assert before < 0.5 < after == 1.0


def test_centring_uses_the_means_it_is_given(layers):
    shifted = {name: np.full((2, 6), 2.0) for name in layers}
    np.testing.assert_allclose(center_languages(layers, shifted)["de"], layers["de"] - 2, rtol=1e-6)
    with pytest.raises(NumericError, match="no mean vector of ja; there are de, en"):
        center_languages(layers, {name: shifted[name] for name in ("de", "en")})


def test_mean_difference_by_hand():
    means = {"ja": np.array([3.0, 0.0]), "en": np.array([1.0, 2.0]), "de": np.array([0.0, 4.0])}
    assert mean_difference(means, "ja").tolist() == [2.5, -3.0]
    with pytest.raises(NumericError, match="towards 'tr' needs its mean"):
        mean_difference(means, "tr")


def test_one_vector_is_added_to_every_sentence_of_every_language(layers):
    direction = mean_difference(average_languages(layers), "ja")
    moved = add_direction(layers, direction, 0.5)
    for name, rows in layers.items():
        for layer in range(2):
            expected = rows[layer] + 0.5 * direction[layer]
            np.testing.assert_allclose(moved[name][layer], expected, atol=1e-5)


def test_adding_to_every_token_and_pooling_is_adding_to_the_pooled_vector(layers):
    tokens = np.random.default_rng(0).standard_normal((9, 6)).astype(np.float32)
    direction = mean_difference(average_languages(layers), "ja")[0]
    moved = add_direction({"en": tokens.mean(axis=0)[None]}, direction, 2.0)["en"][0]
    np.testing.assert_allclose(moved, (tokens + 2 * direction).mean(axis=0), atol=1e-5)


TEXTS = {
    "en": ["the cat sleeps", "Berlin in the rain", "a red car", "nothing"],
    "de": ["die Katze schläft", "Berlin im Regen", "ein rotes Auto", "zzzqqq"],
    "ja": ["猫が寝る", "雨のベルリン", "赤い車", "無"],
}


def test_surface_hits_equal_scikit_learn_by_hand():
    corpus = [text for rows in TEXTS.values() for text in rows]
    found = retrieve_sparse_translations(embed_surface(TEXTS, fitted_on=corpus))
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 4)).fit(corpus)
    for (source, reference), hits in zip(found.pairs, found.hits(), strict=True):
        table = cosine_similarity(vectorizer.transform(TEXTS[source]), vectorizer.transform(TEXTS[reference]))
        for i, hit in enumerate(hits):
            assert hit == (table[i, i] > max(np.delete(table[i], i)) + 1e-12)
    assert found.hits()[found.pairs.index(("en", "de"))][1]
    assert not found.hits()[found.pairs.index(("en", "ja"))].any()


def test_a_text_with_no_known_n_gram_is_no_hit():
    vectors = embed_surface({"a": ["xy", "zz"], "b": ["xy", "zz"]}, fitted_on=["xy"])
    assert retrieve_sparse_translations(vectors).hits().tolist() == [[True, False]] * 2


def test_no_text_to_learn_from_is_refused():
    with pytest.raises(NumericError, match="no text to learn its n-grams from"):
        embed_surface(TEXTS, fitted_on=[])
    with pytest.raises(NumericError, match="two or more languages of one shape"):
        retrieve_sparse_translations(embed_surface({"en": ["a", "b"], "de": ["a"]}, fitted_on=["ab"]))
