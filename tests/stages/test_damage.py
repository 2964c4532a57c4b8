"""A finished experiment, damaged file by file: a run makes the same again, and says so once."""

import logging
import os
import random
import shutil
from pathlib import Path

import pytest
import yaml

from polysteer.cli import pipeline
from polysteer.config import load_experiments
from polysteer.errors import PolysteerError
from polysteer.layout import Layout
from polysteer.stages import collect, corpus, embed, evaluate, rank, store
from polysteer.stages.forcing import forget
from polysteer.stages.run import Run
from polysteer.store import query_database

SMALL = """\
schema: 1
experiments:
  tiny:
    model: {model}
    corpus: {{source: builtin, languages: [en, de, ja], find: 20, dev: 8, test: 10}}
    targets: [de]
    collect: {{sites: [attn.out], pool: [max, mean]}}
    rank: {{k: [4], value: token_mean}}
    steer: {{intervention: [set, erase]}}
    embed: {{}}
    evaluate:
      {{families: [retrieval, perplexity], controls: 1, extra_draws: 1, resamples: 100,
       choose: {{cost_texts: 4}}, generate: {{prompts: 2, prompt_tokens: 3, new_tokens: 3}},
       efficiency: {{sentences: [8], seeds: 2}}}}
"""
READING = (corpus, collect, rank, embed, evaluate)


def perform(folder: Path, stages=READING) -> None:
    experiments = load_experiments(folder / "experiments.yaml")
    layout = Layout(folder / "artifacts")
    for stage in stages:
        stage.perform(Run("tiny", experiments.experiments["tiny"], layout.experiment("tiny")))
    if stages is READING:
        store.build_store(experiments, layout)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, model_folder) -> Path:
    folder = tmp_path_factory.mktemp("small")
    (folder / "experiments.yaml").write_text(SMALL.format(model=model_folder))
    perform(folder)
    return folder


@pytest.fixture
def damaged(whole, tmp_path) -> Path:
    shutil.copytree(whole, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def notices(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("polysteer"), "propagate", True)
    return caplog


def photograph(folder: Path) -> dict[str, bytes | list]:
    """Every file's bytes; of the database its rows, which DuckDB lays out as it likes."""
    artifacts = folder / "artifacts"
    files = [path for path in artifacts.rglob("*") if path.is_file() and path.suffix != ".duckdb"]
    rows = query_database(artifacts / "metrics.duckdb", "SELECT * FROM metrics ORDER BY ALL").rows
    return {"rows": rows} | {str(path.relative_to(folder)): path.read_bytes() for path in files}


def list_kinds(folder: Path) -> list[Path]:
    """One file of every kind: those of one folder and one ending, whatever the language."""
    kinds = {}
    for path in sorted((folder / "artifacts").rglob("*")):
        if path.is_file():
            kind = (path.parent, path.name.partition(".")[2], path.name in ("corpus.json", "model.json"))
            kinds.setdefault(kind, path)
    return list(kinds.values())


def flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    put(path, bytes(content))


def cut(path: Path, rng: random.Random) -> None:
    put(path, path.read_bytes()[: rng.randrange(path.stat().st_size)])


def remove(path: Path, _rng: random.Random) -> None:
    path.unlink()


def make_folder(path: Path, _rng: random.Random) -> None:
    path.unlink()
    path.mkdir()


def put(path: Path, content: bytes) -> None:
    """As a new file, as a copy or a sync would."""
    neighbour = path.with_name("neighbour")
    neighbour.write_bytes(content)
    os.replace(neighbour, path)


@pytest.mark.parametrize("damage", [flip, cut, remove, make_folder])
def test_one_file_of_every_kind_heals(damaged, damage):
    """All at once: what was damaged in one place is not read in another."""
    rng = random.Random(0)
    before = photograph(damaged)
    kinds = list_kinds(damaged)
    assert len(kinds) > 25
    for path in kinds:
        damage(path, rng)
    perform(damaged)
    after = photograph(damaged)
    differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert not differing


def test_a_stage_that_only_reads_names_the_file_and_the_command(damaged):
    layout = Layout(damaged / "artifacts").experiment("tiny")
    rng = random.Random(1)
    for stage, path, command in (
        (evaluate, layout.encoded("baseline", "test", "de"), "embed"),
        (evaluate, layout.choice("de"), "embed"),
        (evaluate, layout.control("de", 0), "embed"),
        (evaluate, layout.agreement("de", "halves"), "embed"),
        (embed, layout.scores(), "rank"),
        (embed, next(path for path in (layout.masks / "de").iterdir()), "rank"),
        (rank, layout.responses / "ja" / "shard-00000.safetensors", "collect"),
        (rank, layout.responses / "ja" / "index.json", "collect"),
        (rank, layout.model_facts, "collect"),
        (collect, layout.corpus / "corpus.json", "corpus"),
        (collect, layout.corpus / "de.parquet", "corpus"),
    ):
        kept = path.read_bytes()
        for damage in (flip, remove):
            damage(path, rng)
            with pytest.raises(PolysteerError, match=rf"{path.name} .*run `steer {command}`"):
                perform(damaged, [stage])
            put(path, kept)


def test_a_damaged_file_is_told_once(damaged, notices):
    vectors = Layout(damaged / "artifacts").experiment("tiny").encoded("baseline", "find", "de")
    content = vectors.read_bytes()
    put(vectors, content[:-2] + b"\x00\x7e")  # the last number is not one any more
    perform(damaged)
    assert vectors.read_bytes() == content
    (told,) = [record.getMessage() for record in notices.records]
    assert told.startswith(f"{vectors} is damaged: its checksum is ")
    assert told.endswith("it is made anew")


def test_what_the_model_is_comes_back(damaged):
    """Without a sentence to read, the model is asked for its shape again."""
    facts = Layout(damaged / "artifacts").experiment("tiny").model_facts
    content = facts.read_bytes()
    facts.unlink()
    perform(damaged, [collect, rank])
    assert facts.read_bytes() == content


def test_force_makes_all_anew_and_what_was_stopped_goes_on(damaged):
    experiments = load_experiments(damaged / "experiments.yaml")
    layout = Layout(damaged / "artifacts").experiment("tiny")
    run = Run("tiny", experiments.experiments["tiny"], layout)
    before, shard = photograph(damaged), layout.responses / "en" / "shard-00000.safetensors"
    old = {
        path: path.stat().st_ino for path in (shard, layout.scores(), layout.encoded("baseline", "dev", "en"))
    }
    kept = {path: os.open(path, os.O_RDONLY) for path in old}  # so that no number is used again
    forget(run, ["collect", "rank", "embed"])
    assert not any(folder.exists() for folder in (layout.responses, layout.masks, layout.vectors))
    perform(damaged, [collect])  # and here the first run stops
    collected = shard.stat().st_ino
    perform(damaged)
    assert shard.stat().st_ino == collected
    assert all(path.stat().st_ino != number for path, number in old.items())
    assert photograph(damaged) == before
    for number in kept.values():
        os.close(number)


def test_the_command_makes_one_step_anew(damaged):
    layout = Layout(damaged / "artifacts").experiment("tiny")
    before, vectors = photograph(damaged), layout.encoded("baseline", "dev", "en")
    with vectors.open("rb") as old:  # held open, so that its number is not used again
        for force, is_kept in ((False, True), (True, False)):
            pipeline.embed(
                experiment="tiny",
                file=damaged / "experiments.yaml",
                artifacts=damaged / "artifacts",
                force=force,
            )
            assert (vectors.stat().st_ino == os.fstat(old.fileno()).st_ino) == is_kept
    assert photograph(damaged) == before


def test_a_forced_step_of_a_model_that_is_not_there_removes_nothing(damaged):
    settings = load_experiments(damaged / "experiments.yaml").experiments["tiny"]
    absent = settings.model_copy(update={"model": settings.model.model_copy(update={"id": "/no/such/model"})})
    before = photograph(damaged)
    with pytest.raises(PolysteerError, match="/no/such/model"):
        forget(Run("tiny", absent, Layout(damaged / "artifacts").experiment("tiny")), ["collect"])
    assert photograph(damaged) == before


def test_tokens_are_sampled_once_something_needs_them(damaged):
    """The medians that come then are those of an experiment that asked for them at once."""
    layout = Layout(damaged / "artifacts").experiment("tiny")
    size = (layout.responses / "de" / "shard-00000.safetensors").stat().st_size
    settings = yaml.safe_load((damaged / "experiments.yaml").read_text())
    settings["experiments"]["tiny"]["rank"]["value"] = ["token_mean", "token_median"]
    (damaged / "experiments.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(PolysteerError, match=r"rank.value token_mean -> .*; run `steer collect`"):
        perform(damaged, [rank])
    perform(damaged, [collect, rank])
    assert (layout.responses / "de" / "shard-00000.safetensors").stat().st_size > 2 * size
    late = layout.scores().read_bytes()
    forget(
        Run("tiny", load_experiments(damaged / "experiments.yaml").experiments["tiny"], layout), ["collect"]
    )
    perform(damaged, [collect, rank])
    assert layout.scores().read_bytes() == late
    read = {path: path.stat().st_mtime_ns for path in layout.responses.rglob("*.safetensors")}
    settings["experiments"]["tiny"]["rank"]["value"] = "token_mean"
    (damaged / "experiments.yaml").write_text(yaml.safe_dump(settings))
    perform(damaged, [collect, rank])  # a sample too much is no reason to read again
    assert {path: path.stat().st_mtime_ns for path in read} == read
