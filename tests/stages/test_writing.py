"""What a model writes with and without masks, and its numbers, against transformers and sacrebleu."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sacrebleu.metrics import BLEU, CHRF
from transformers import AutoModelForCausalLM, AutoTokenizer

from polysteer.config import Experiment, load_experiments
from polysteer.corpus.classifier import LanguageClassifier
from polysteer.corpus.corpus_table import Corpus
from polysteer.errors import ConfigError, ModelError
from polysteer.layout import Layout
from polysteer.stages import collect, corpus, embed, evaluate, rank
from polysteer.stages.run import Run
from polysteer.store import build_database, query_database
from support.tiny_models import make_model, save_model

LANGUAGES = ("de", "en", "ja")


def make_run(folder: Path, model: Path | str, **asked) -> Run:
    content = {
        "model": {"id": str(model), "dtype": "float32", "device": "cpu"},
        "corpus": {"source": "builtin", "languages": LANGUAGES, "find": 40, "dev": 12, "test": 16},
        "targets": ["de", "ja"],
        "collect": {"sites": ["attn.out"]},
        "rank": {"k": 0.3, "value": "token_mean"},
        "steer": {"intervention": ["set", "erase"]},
        "embed": {},
        "evaluate": {"controls": 0, "resamples": 200, "seed": 5} | asked,
    }
    settings = Experiment.model_validate(content)
    return Run("tiny", settings, Layout(folder / "artifacts").experiment("tiny"))


ASKED = {
    "generate": {"prompts": 5, "prompt_tokens": 3, "new_tokens": 9},
    "translate": {"sentences": 4, "shots": 2, "new_tokens": 7},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Run:
    """The tiny project with all that can be written; tests only read it."""
    run = make_run(tmp_path_factory.mktemp("writing"), model_folder, **ASKED)
    for stage in (corpus, collect, rank, embed, evaluate):
        stage.perform(run)
    return run


@pytest.fixture(scope="module")
def text(run: Run) -> Corpus:
    return Corpus.read(run.layout.corpus)


@pytest.fixture(scope="module")
def loaded(model_folder: Path):
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(model_folder)


def generate_by_hand(loaded, ids: list[int], n_new: int) -> str:
    model, tokenizer = loaded
    with torch.no_grad():
        written = model.generate(torch.tensor([ids]), max_new_tokens=n_new, do_sample=False)
    return tokenizer.decode(written[0, len(ids) :], skip_special_tokens=True)


def read(path: Path) -> dict[str, list[str]]:
    return json.loads(path.read_text())


def test_continuations_are_those_of_generate_by_hand(run: Run, text: Corpus, loaded) -> None:
    for language in LANGUAGES:
        stored = read(run.layout.written("baseline", language))
        for sentence, prompt, written in zip(
            text.texts(language, "test")[:5], stored["prompts"], stored["texts"], strict=True
        ):
            ids = loaded[1](sentence)["input_ids"][:4]  # BOS and three tokens
            assert prompt == loaded[1].decode(ids[1:])
            assert written == generate_by_hand(loaded, ids, 9)


def test_translations_are_those_of_a_prompt_by_hand(run: Run, text: Corpus, loaded) -> None:
    stored = read(run.layout.translated("baseline", "en", "ja"))
    *shots, asked = stored["prompts"][1].split("\n")
    assert asked == f"{text.texts('en', 'test')[1]} ="
    find = dict(zip(text.texts("en", "find"), text.texts("ja", "find"), strict=True))
    assert len(shots) == 2
    for shot in shots:
        english, japanese = shot.split(" = ")
        assert find[english] == japanese
    assert [prompt.split("\n")[:2] for prompt in stored["prompts"]] == [shots] * 4
    for prompt, written in zip(stored["prompts"], stored["texts"], strict=True):
        whole = generate_by_hand(loaded, loaded[1](prompt)["input_ids"], 7)
        assert written == whole.split("\n")[0]


def test_every_pair_with_a_target_is_translated_once(run: Run) -> None:
    stems = {
        condition: sorted(path.stem for path in run.layout.vectors.glob(f"{condition}/translated/*.json"))
        for condition in ("baseline", "de/*", "ja/*")
    }
    assert stems["baseline"] == ["de.en", "de.ja", "en.de", "en.ja", "ja.de", "ja.en"]
    assert stems["ja/*"] == ["de.ja", "en.ja", "ja.de", "ja.en"]
    assert stems["de/*"] == ["de.en", "de.ja", "en.de", "ja.de"]


def test_what_erasing_does_is_written_for_every_target(run: Run, database: Path) -> None:
    stems = sorted(path.stem for path in run.layout.vectors.glob("erase/*/translated/*.json"))
    assert stems == ["de.en", "de.ja", "en.de", "en.ja", "ja.de", "ja.en"]
    asked = "arm = 'erase' AND target IS NULL"
    for target in ("de", "ja"):
        ask(database, f"{asked} AND metric = 'written_in_target' AND source = '*' AND reference = '{target}'")
        ask(database, f"{asked} AND metric = 'target_mass' AND source = '*' AND reference = '{target}'")
        ask(database, f"{asked} AND metric = 'sentence_chrf_difference' AND reference = '{target}'")


def test_a_mask_changes_what_is_written(run: Run) -> None:
    (steered,) = run.layout.vectors.glob("ja/*/written/en.json")
    plain = read(run.layout.written("baseline", "en"))
    assert read(steered)["prompts"] == plain["prompts"]
    assert read(steered)["texts"] != plain["texts"]


@pytest.fixture(scope="module")
def database(run: Run) -> Path:
    path = run.layout.folder.parent / "metrics.duckdb"
    build_database([run.layout.metrics], path)
    return path


def ask(database: Path, where: str) -> dict[str, Any]:
    found = query_database(database, f"SELECT * FROM metrics WHERE {where}").records()
    assert len(found) == 1
    return found[0]


def test_shares_count_what_the_classifier_says(run: Run, text: Corpus, database: Path) -> None:
    classifier = LanguageClassifier({lang: text.texts(lang, "find") for lang in LANGUAGES})
    for condition, arm in (("baseline", "baseline"), ("ja/*", "mask")):
        told = {}
        for language in LANGUAGES:
            (path,) = run.layout.vectors.glob(f"{condition}/written/{language}.json")
            told[language] = classifier.identify(read(path)["texts"])
        into = [[name == "ja" for name in names] for lang, names in told.items() if lang != "ja"]
        own = [[name == language for name in names] for language, names in told.items()]
        asked = f"arm = '{arm}' AND coalesce(target, 'ja') = 'ja'"
        row = ask(
            database, f"{asked} AND metric = 'written_in_target' AND source = '!ja' AND reference = 'ja'"
        )
        assert row["value"] == pytest.approx(np.mean(into))
        assert row["n"] == 5
        assert row["ci_low"] <= row["value"] <= row["ci_high"]
        row = ask(database, f"{asked} AND metric = 'written_in_own' AND source = '*'")
        assert row["value"] == pytest.approx(np.mean(own))
    row = ask(database, "metric = 'identification_accuracy' AND source = 'de'")
    assert (row["split"], row["value"], row["n"]) == ("dev", 1.0, 12)


def test_chrf_and_bleu_are_sacrebleus(run: Run, text: Corpus, database: Path) -> None:
    (steered,) = run.layout.vectors.glob("ja/*/translated")
    means = {}
    for folder, arm in ((run.layout.vectors / "baseline/translated", "baseline"), (steered, "mask")):
        asked = f"arm = '{arm}' AND coalesce(target, 'ja') = 'ja' AND reference = 'ja'"
        references, by_sentence = text.texts("ja", "test")[:4], []
        for source in ("de", "en"):
            hypotheses = [one.strip() for one in read(folder / f"{source}.ja.json")["texts"]]
            chrf = CHRF().corpus_score(hypotheses, [references]).score
            bleu = BLEU(tokenize="char").corpus_score(hypotheses, [references]).score
            pair = f"{asked} AND source = '{source}'"
            assert ask(database, f"{pair} AND metric = 'chrf'")["value"] == pytest.approx(chrf)
            assert ask(database, f"{pair} AND metric = 'bleu'")["value"] == pytest.approx(bleu)
            by_sentence += [
                CHRF().sentence_score(one, [other]).score
                for one, other in zip(hypotheses, references, strict=True)
            ]
        means[arm] = np.mean(by_sentence)
        mean = ask(database, f"{asked} AND source = '*' AND metric = 'sentence_chrf'")
        assert mean["value"] == pytest.approx(means[arm])
    differs = "metric = 'sentence_chrf_difference' AND source = '*' AND reference = 'ja'"
    row = ask(database, f"{differs} AND target = 'ja'")
    assert row["value"] == pytest.approx(means["mask"] - means["baseline"])
    assert row["ci_low"] <= row["value"] <= row["ci_high"]


def test_what_is_there_is_kept_and_a_damaged_file_is_written_anew(run: Run) -> None:
    files = {path: path.stat().st_mtime_ns for path in run.layout.vectors.glob("**/[wt]r*/*.json")}
    assert len(files) == 4 * 3 + 2 * 6 + 2 * 4  # continuations; pairs of all targets, and of one
    embed.perform(run)
    assert {path: path.stat().st_mtime_ns for path in files} == files
    damaged = run.layout.written("baseline", "de")
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-20])
    embed.perform(run)
    assert damaged.read_bytes() == whole
    after = {path: path.stat().st_mtime_ns for path in files}
    assert {path for path in files if after[path] != files[path]} == {damaged}


def test_a_model_that_writes_nothing_is_refused_first(tmp_path: Path, run: Run) -> None:
    """Before anything is read with it."""
    tokenizer = AutoTokenizer.from_pretrained(run.settings.model.id)
    bert = save_model(tmp_path / "bert", make_model("Bert", vocab=400, blocks=1), tokenizer)
    other = make_run(tmp_path, bert, generate={})
    for step in (corpus, collect, rank):
        step.perform(other)
    with pytest.raises(ModelError, match=r"BertModel writes no text.*'generate: null'"):
        embed.perform(other)
    assert not list(other.layout.vectors.glob("**/*.safetensors"))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("generate: {prompts: 1}", "evaluate.generate.prompts: must be at least 2"),
        ("generate: {tokens: 4}", "unknown key 'tokens' in experiments.tiny.evaluate.generate"),
        ("translate: {directions: []}", "directions is empty; name at least 1"),
        ("translate: {directions: onto}", "did you mean 'into'?"),
        ("translate: {shots: -1}", "evaluate.translate.shots: must be at least 0"),
    ],
)
def test_wrong_settings_are_named(project: Path, asked: str, says: str) -> None:
    path = project / "experiments.yaml"
    path.write_text(path.read_text().replace("controls: 3", f"controls: 3, {asked}"))
    with pytest.raises(ConfigError, match=re.escape(says)):
        load_experiments(path)
