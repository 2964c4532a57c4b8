"""Targets are found in the text that is there, and text that cannot be compared is refused in time."""

from pathlib import Path

import pytest

from polysteer.config import Experiment
from polysteer.corpus.joining import read_corpus
from polysteer.errors import CorpusError, LanguageError
from polysteer.layout import Layout
from polysteer.stages import corpus, embed
from polysteer.stages.run import Run


class Unloadable(Run):
    """Fails if a stage goes so far as to ask for the model."""

    def load_model(self):
        raise AssertionError("the model was loaded")


def make_run(folder: Path, text: dict, targets: list[str]) -> Run:
    sections = {name: {} for name in ("collect", "rank", "steer", "embed", "evaluate")}
    content = {"model": "builtin", "corpus": text, "targets": targets, **sections}
    return Unloadable("try", Experiment.model_validate(content), Layout(folder).experiment("try"))


@pytest.fixture
def flores(tmp_path: Path) -> dict:
    """Three languages of FLORES, none of them named in the experiment."""
    for part in ("dev", "devtest"):
        (tmp_path / "flores" / part).mkdir(parents=True)
        for lang in ("eng_Latn", "yor_Latn", "zho_Hans", "zho_Hant"):
            lines = "".join(f"{lang} {part} {n}\n" for n in range(6))
            (tmp_path / "flores" / part / f"{lang}.{part}").write_text(lines)
    return {"source": "flores200", "path": str(tmp_path / "flores"), "dev": 2}


@pytest.mark.parametrize("given", ["yo", "yor", "yor_Latn"])
def test_a_target_in_another_form_than_the_text_s(flores, tmp_path, given):
    run = make_run(tmp_path, flores, ["eng", given])
    text = read_corpus(run.settings.corpus)
    (english, eng), (yoruba, shown) = run.name_targets(text).items()
    assert (english, eng, shown) == ("en", "eng", given)
    assert yoruba in text.languages
    assert text.texts(yoruba, "find")[0].startswith("yor_Latn")


def test_targets_that_are_no_one_language_of_the_text(flores, tmp_path):
    text = read_corpus(make_run(tmp_path, flores, ["en"]).settings.corpus)
    with pytest.raises(LanguageError, match="'zh' is ambiguous here: write one of zh-Hans, zh-Hant"):
        make_run(tmp_path, flores, ["zh"]).name_targets(text)
    with pytest.raises(LanguageError, match="there is no text in 'ja'"):
        make_run(tmp_path, flores, ["ja"]).name_targets(text)
    with pytest.raises(LanguageError, match="are one language in this text"):
        make_run(tmp_path, flores, ["zh-Hant", "zh-TW"]).name_targets(text)


def test_a_target_without_a_partner_is_refused_before_the_model_is_loaded(tmp_path):
    (tmp_path / "tatoeba").mkdir()
    for code in ("jpn", "deu"):
        for side in (code, "eng"):
            lines = "".join(f"{side} of {code} {n}\n" for n in range(9))
            (tmp_path / "tatoeba" / f"tatoeba.{code}-eng.{side}").write_text(lines)
    text = {"source": "tatoeba", "path": str(tmp_path / "tatoeba"), "find": 7, "dev": 1, "test": 1}
    run = make_run(tmp_path, text, ["de"])
    corpus.perform(run)
    with pytest.raises(CorpusError, match=r"dev: 'de' shares fewer than 2 .* cannot be a target; .*: none"):
        embed.perform(run)


def test_a_language_without_a_sentence_in_a_split_is_refused(tmp_path):
    (tmp_path / "en").write_text("".join(f"line {n}\n" for n in range(12)))
    (tmp_path / "fi").write_text("rivi\n" + "\n" * 11)
    files = {lang: str(tmp_path / lang) for lang in ("en", "fi")}
    text = {"source": "lines", "files": files, "dev": 5, "test": 5, "partial": True}
    run = make_run(tmp_path, text, ["en"])
    assert "dev and test: 0 of 1 pairs of languages are compared (none)" in corpus.perform(run)
    with pytest.raises(CorpusError, match=r"there is no sentence in 'fi'; .* leave it out of 'languages'"):
        embed.perform(run)


def test_one_language_alone_is_refused(tmp_path):
    (tmp_path / "en").write_text("".join(f"line {n}\n" for n in range(12)))
    text = {"source": "lines", "files": {"en": str(tmp_path / "en")}, "dev": 4, "test": 4}
    run = make_run(tmp_path, text, ["en"])
    corpus.perform(run)
    with pytest.raises(CorpusError, match="needs two languages or more"):
        embed.perform(run)
