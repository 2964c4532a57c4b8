"""A whole experiment small enough for a test: a random Llama with a real tokenizer, and the real command."""

import sys
from pathlib import Path

EXPERIMENTS = """\
schema: 1
experiments:
  tiny:
    model: {model}
    corpus: {{source: builtin, languages: [en, de, ja], find: 40, dev: 12, test: 16}}
    targets: [de, ja]
    collect: {{sites: [attn.out, mlp.hidden]}}
    rank: {{experts: [own, union], k: [0.1, 8], value: token_mean}}
    steer: {{}}
    embed: {{}}
    evaluate: {{controls: 3, resamples: 200, distractors: true, choose: {{cost_at_most: 5, cost_texts: 6}}}}
"""
STEER = (sys.executable, "-c", "from polysteer.cli.main import main; main()")


def write_experiments(folder: Path, model: Path) -> Path:
    (folder / "experiments.yaml").write_text(EXPERIMENTS.format(model=model))
    return folder


def save_llama(folder: Path) -> Path:
    """Three blocks, in the form that a download has."""
    from polysteer.builtin.grammar import generate
    from polysteer.builtin.model.tokenizer import train_tokenizer
    from support.tiny_models import list_special_ids, make_model, save_model

    rows = generate(languages=["en", "de", "ja"], sizes={"find": 60}, seed=1)
    tokenizer = train_tokenizer([row.sentence.text for row in rows], vocabulary=400)
    sizes = {"vocab": len(tokenizer), "width": 32, "hidden": 48, "blocks": 3, "heads": 4}
    more = {"initializer_range": 0.2, "tie_word_embeddings": True, **list_special_ids(tokenizer)}
    return save_model(folder, make_model("Llama", **sizes, **more), tokenizer)
