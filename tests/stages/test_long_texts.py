"""Text longer than the model's positions: cut everywhere in the same way, and said once per reading."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from polysteer.config import load_experiments
from polysteer.corpus.corpus_table import Corpus
from polysteer.layout import Layout
from polysteer.planning import plan_experiment
from polysteer.stages import collect, corpus, embed
from polysteer.stages.run import Run
from polysteer.trials.encoded import StoredVectors

MOST = 9
EXPERIMENTS = """\
schema: 1
experiments:
  long:
    model: {{id: {model}, dtype: float32}}
    corpus: {{source: builtin, languages: [en, de], find: 12, dev: 6, test: 6}}
    targets: [de]
    collect: {{}}
    rank: {{}}
    steer: {{intervention: erase}}
    embed: {{}}
    evaluate: {{controls: 0}}
"""


@pytest.fixture
def short_model(model_folder: Path, tmp_path: Path) -> Path:
    """The same model, trained on texts of a few tokens alone."""
    folder = tmp_path / "short"
    shutil.copytree(model_folder, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": MOST}))
    return folder


def test_every_step_reads_the_beginning_and_says_what_was_cut(
    short_model: Path, tmp_path: Path, notices: list[str]
) -> None:
    (tmp_path / "experiments.yaml").write_text(EXPERIMENTS.format(model=short_model))
    settings = load_experiments(tmp_path / "experiments.yaml").experiments["long"]
    run = Run("long", settings, Layout(tmp_path / "artifacts").experiment("long"))
    corpus.perform(run)
    text, tokenizer = Corpus.read(run.layout.corpus), AutoTokenizer.from_pretrained(short_model)
    n_cut = {
        split: sum(
            len(row) > MOST for lang in ("en", "de") for row in tokenizer(text.texts(lang, split)).input_ids
        )
        for split in ("find", "dev", "test")
    }
    said = [
        f"{n_cut[split]} of {2 * n} texts of {split} were cut to {MOST} tokens, the most that the model reads"
        for split, n in (("find", 12), ("dev", 6), ("test", 6))
    ]
    assert min(n_cut.values()) > 0
    plan_experiment(settings, text)
    assert sorted(notices) == sorted(said)
    notices.clear()
    embed.perform(run)
    assert sorted(notices) == sorted(said)
    notices.clear()
    collect.perform(Run("long", settings.model_copy(update={"steer": type(settings.steer)()}), run.layout))
    assert notices == [said[0].replace(" of find", "")]
    _check_vectors(run, text, tokenizer, short_model)


def _check_vectors(run: Run, text: Corpus, tokenizer, folder: Path) -> None:
    """The plain model's, of every text's first tokens."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    stored = StoredVectors(run.layout.encoded("baseline", "test", "en"))
    expected = []
    for sentence in text.texts("en", "test"):
        ids = tokenizer(sentence, truncation=True, max_length=MOST, return_tensors="pt").input_ids
        with torch.no_grad():
            hidden = model.model(input_ids=ids).last_hidden_state[0]
        special = torch.isin(ids[0], torch.tensor(tokenizer.all_special_ids))
        expected.append(hidden[~special].mean(0).numpy())
    np.testing.assert_allclose(stored.at_layer("final"), np.array(expected), atol=2e-3)
