"""Text: what the pipeline reads, where it comes from, and how it is split.

    from polysteer.corpus.joining import read_corpus
    from polysteer.corpus.corpus_settings import make_settings
    from polysteer.corpus.corpus_table import Corpus

    corpus = read_corpus(make_settings(source="builtin", languages=["en", "ja"]))
    corpus.languages                       # canonical codes, sorted: ("en", "ja")
    corpus.splits                          # ("find", "dev", "test")
    corpus.ids("test"), corpus.ids("test", "ja")         # sorted sentence ids
    corpus.texts("ja", "test")             # texts in the order of ids("test", "ja")
    corpus.pair_ids("en", "ja", "test")    # ids that both have: the only translations there are
    corpus.pairing("en", "ja", "test")     # the same with the rows of each side's texts
    corpus.fingerprint(), corpus.fingerprint("ja")       # change when and only when the content does
    corpus.write(folder)                   # <lang>.parquet and corpus.json, same content, same bytes
    Corpus.read(folder, languages=["en"])  # all of them where languages is absent

Inside, a language has one code (`languages.canonical_language`); `languages.resolve_language(code,
corpus.languages)` finds a user's form among them, `languages.given_forms` leads back to it. This file imports
nothing, so that settings can be read without Arrow.
"""
