"""`steer masks ...` as a user runs it, and its worst inputs."""

import csv
import json
import os
import pty
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from polysteer.cli.main import app
from polysteer.errors import ConfigError, LanguageError, MaskError, SharingError
from polysteer.layout import Layout
from polysteer.masks import ExpertMask, LanguageSubspace, MaskMetadata, SubspaceMetadata
from polysteer.sharing.origin import read_origin
from polysteer.tensorfile import write_tensors
from support.machine import forget_settings
from support.tiny_models import make_config

LABELS = ("ap-own-k0.1-token_median", "ap-own-k0.2-token_median")


def make_mask(language, units, *, k=0.1, scores=True):
    n = len(units)
    metadata = MaskMetadata(
        language=language,
        sites=["mlp.hidden"],
        experts="own",
        intervention="set",
        model_id="some/model",
        n_blocks=2,
        width_by_site={"mlp.hidden": 10},
        score="ap",
        k=k,
        value_statistic="token_median",
    )
    numbers = np.arange(n, dtype=np.float32) / 10 if scores else None
    return ExpertMask(
        metadata,
        np.zeros(n, np.uint8),
        np.array([unit // 10 for unit in units], np.int32),
        np.array([unit % 10 for unit in units], np.int32),
        numbers,
        numbers,
    )


UNITS = {"de": [1, 3, 12, 14], "ja": [3, 4, 12, 19]}


@pytest.fixture
def project(tmp_path, monkeypatch, write_experiment):
    corpus = "{source: builtin, languages: [de, en, jpn_Jpan], find: 10, dev: 5, test: 5}"
    write_experiment(tmp_path, name="try", corpus=corpus, targets="[de, jpn_Jpan]", rank="{k: [0.1, 0.2]}")
    places = Layout(tmp_path / "artifacts").experiment("try")
    for language, units in UNITS.items():
        for label, k, n in zip(LABELS, (0.1, 0.2), (2, 4), strict=True):
            make_mask(language, units[:n], k=k).save(places.mask(language, label))
    make_mask("ja", UNITS["ja"], k=0.2).save(places.chosen_mask("ja"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments, exit_code=0):
    """What a command prints to stdout; what it raises comes through."""
    result = CliRunner().invoke(
        app, ["masks", *map(str, arguments)], catch_exceptions=False, env={"COLUMNS": "80"}
    )
    assert result.exit_code == exit_code, result.output
    return result.stdout


def squeeze(table):
    """The lines of a table with single blanks."""
    return [" ".join(line.split()) for line in table.splitlines()]


def mask_file(language, label=LABELS[1]):
    return f"artifacts/try/masks/{language}/{label}.safetensors"


@pytest.mark.usefixtures("project")
def test_list_shows_what_the_experiments_made():
    rows = json.loads(run("list", "--json"))
    found = [(row["language"], row["label"], row["n_neurons"]) for row in rows]
    assert found == [
        ("de", LABELS[0], 2),
        ("de", LABELS[1], 4),
        ("jpn_Jpan", LABELS[0], 2),
        ("jpn_Jpan", LABELS[1], 4),
        ("jpn_Jpan", "chosen", 4),
    ]
    assert rows[0]["metadata"]["k"] == 0.1
    assert rows[0]["path"] == mask_file("de", LABELS[0])
    table = run("list")
    assert max(map(len, table.splitlines())) <= 80
    assert "try jpn_Jpan ap own 0.2 token_median 4 chosen" in squeeze(table)
    assert [line for line in squeeze(table) if line.endswith(".safetensors")] == [row["path"] for row in rows]


def test_list_is_not_cut_off_by_a_narrow_terminal(project):
    long_name = "a-very-long-name-of-an-experiment-that-nobody-should-choose-but-someone-will-choose"
    file = project / "experiments.yaml"
    file.write_text(file.read_text().replace("  try:", f"  {long_name}:"))
    (project / "artifacts" / "try").rename(project / "artifacts" / long_name)
    assert f"{long_name} jpn_Jpan ap own 0.2 token_median 4 chosen" in squeeze(run("list"))


def test_list_names_a_damaged_mask_and_shows_the_others(project):
    (project / mask_file("de")).write_bytes(b"rubbish")
    rows = json.loads(run("list", "--json"))
    assert [bool(row["problem"]) for row in rows] == [False, True, False, False, False]
    table = run("list")
    assert "damaged" in table
    assert "rubbish" not in table


@pytest.mark.usefixtures("project")
def test_list_of_nothing_says_what_makes_masks():
    result = CliRunner().invoke(app, ["masks", "list", "--json", "--artifacts", "none"])
    assert json.loads(result.stdout) == []
    assert "steer rank" in result.stderr


@pytest.mark.usefixtures("project")
def test_show_counts_neurons_and_names_the_best():
    shown = json.loads(run("show", mask_file("de"), "--json", "--best", 1))
    assert shown["n_neurons"] == 4
    assert shown["metadata"]["language"] == "de"
    assert [(part["block"], part["n_neurons"], part["share"]) for part in shown["blocks"]] == [
        (0, 2, 0.2),
        (1, 2, 0.2),
    ]
    best = shown["best"][0]
    assert (best["site"], best["block"], best["unit"]) == ("mlp.hidden", 1, 4)
    assert best["score"] == pytest.approx(0.3)
    table = run("show", mask_file("de"))
    assert max(map(len, table.splitlines())) <= 80
    assert f"0 2 20.0 % {40 * '█'}" in squeeze(table)
    assert "Not known: model_revision" in table


@pytest.mark.usefixtures("project")
def test_diff_counts_what_is_common():
    found = json.loads(run("diff", mask_file("de"), mask_file("ja"), "--json"))
    assert (found["n_first"], found["n_second"], found["n_common"]) == (4, 4, 2)
    assert found["jaccard"] == pytest.approx(2 / 6)
    assert [(part["block"], part["n_common"]) for part in found["blocks"]] == [(0, 1), (1, 1)]
    assert "all 4 4 2 0.333" in squeeze(run("diff", mask_file("de"), mask_file("ja")))


@pytest.mark.usefixtures("project")
def test_overlap_is_of_all_languages_or_of_files():
    all_languages = json.loads(run("overlap", "--label", LABELS[1], "--json"))
    assert all_languages["names"] == ["de", "ja"]
    assert all_languages["jaccard"][0] == [1, pytest.approx(2 / 6)]
    by_default = json.loads(run("overlap", "--json"))
    assert by_default["files"] == [mask_file("de", LABELS[0]), mask_file("ja", LABELS[0])]
    files = json.loads(run("overlap", mask_file("de"), mask_file("de", LABELS[0]), "--json"))
    assert files["names"] == [mask_file("de"), mask_file("de", LABELS[0])]
    assert "ja 0.333 1.000" in squeeze(run("overlap", "-e", "try", "--label", LABELS[1]))
    with pytest.raises(ConfigError, match=f"labels are {LABELS[0]}"):
        run("overlap", "--label", "best")


STEER = (sys.executable, "-c", "from polysteer.cli.main import main; main()", "masks")


def steer(*arguments):
    return subprocess.run([*STEER, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_verify_exits_with_0_or_1(project):
    whole = steer("verify", mask_file("de"))
    assert (whole.returncode, whole.stderr) == (0, "")
    (project / "cut.safetensors").write_bytes((project / mask_file("de")).read_bytes()[:-1])
    cut = steer("verify", "cut.safetensors")
    assert (cut.returncode, cut.stdout) == (1, "")
    assert "steer: cut.safetensors is not a whole safetensors file" in cut.stderr
    assert json.loads(run("verify", mask_file("de"), "--json"))["valid"] is True
    assert json.loads(run("verify", "cut.safetensors", "--json", exit_code=1))["valid"] is False


@pytest.mark.parametrize(
    ("field", "text", "complaint"),
    [
        ("intervention", "shake", "its intervention cannot be used"),
        ("shape_fingerprint", "wrong", "its shape_fingerprint cannot be used"),
    ],
)
def test_verify_names_the_field_that_is_wrong(project, field, text, complaint):
    mask = make_mask("de", UNITS["de"])
    header = {**mask.metadata.to_strings(), field: text}
    write_tensors(project / "bad.safetensors", mask.arrays(), header)
    with pytest.raises(MaskError, match=complaint):
        run("verify", "bad.safetensors")


def test_verify_compares_with_a_model(project):
    config = make_config("GPT2", width=8, hidden=10, architectures=["GPT2LMHeadModel"])
    config.save_pretrained(project / "gpt2")
    shape = read_origin(str(project / "gpt2")).shape
    for told, complaint in (
        ({}, None),
        ({"shape_fingerprint": shape.fingerprint}, None),
        (
            {"shape_fingerprint": "0" * 16},
            f"is 0+, that of the model is {shape.fingerprint}",
        ),
        ({"n_blocks": 3}, "n_blocks is 3 in the mask and 2 in the model"),
    ):
        mask = make_mask("de", UNITS["de"])
        replace(mask, metadata=mask.metadata.model_copy(update=told)).save(project / "mask.safetensors")
        assert "whole" in run("verify", "mask.safetensors")
        if complaint is None:
            assert "whole" in run("verify", "mask.safetensors", "--model", project / "gpt2")
        else:
            with pytest.raises(MaskError, match=complaint):
                run("verify", "mask.safetensors", "--model", project / "gpt2")


def write_subspace(path, method="leace"):
    metadata = SubspaceMetadata(method=method, languages=["en", "ja"], layers=["1", "2"], width=3)
    arrays = [np.ones(shape, np.float32) for shape in ((2, 3), (2, 3, 1), (2, 1, 3))]
    LanguageSubspace(metadata, *arrays).save(path)


def test_list_shows_the_chosen_subspace(project):
    write_subspace(Layout(project / "artifacts").experiment("try").chosen_mask("erase"), "mean_difference")
    row = json.loads(run("list", "--json"))[-1]
    assert (row["language"], row["label"], row["n_directions"], row["n_neurons"]) == (None, "chosen", 1, None)
    assert row["metadata"]["method"] == "mean_difference"
    table = run("list")
    assert max(map(len, table.splitlines())) <= 80
    assert "try - means subspace - - - chosen" in squeeze(table)
    assert json.loads(run("overlap", "--label", "chosen", "--json"))["names"] == ["ja"]


@pytest.mark.parametrize(
    "command", [("diff", "erase.safetensors"), ("overlap",), ("export", "--out", "neurons.csv")]
)
def test_what_is_about_neurons_refuses_a_language_subspace(project, command):
    write_subspace(project / "erase.safetensors")
    with pytest.raises(MaskError, match="is a language subspace, which holds directions and no neurons"):
        run(*command, "erase.safetensors")


def test_a_language_subspace_is_shown_and_verified(project):
    write_subspace(project / "erase.safetensors")
    assert run("verify", "erase.safetensors").endswith("whole, 1 directions at 2 layers, of en, ja\n")
    assert json.loads(run("show", "erase.safetensors", "--json"))["metadata"]["layers"] == ["1", "2"]
    assert "method leace" in squeeze(run("show", "erase.safetensors"))


def write_lape(path, lists):
    torch.save([[torch.tensor(units) for units in blocks] for blocks in lists], path)


def test_import_writes_a_mask_per_language(tmp_path):
    write_lape(tmp_path / "x.neuron.pth", [[[1, 2], [3]], [[4], [5]]])
    arguments = (tmp_path / "x.neuron.pth", "--languages", "eng_Latn,zh", "--out", tmp_path / "masks")
    written = json.loads(run("import", *arguments, "--json"))
    assert [(row["language"], row["n_neurons"]) for row in written] == [("en", 3), ("zh", 2)]
    mask = ExpertMask.load(tmp_path / "masks" / "en.safetensors")
    assert mask.unit.tolist() == [1, 2, 3]
    assert mask.metadata.model_id is None
    with pytest.raises(MaskError, match="2 languages, 3 are named"):
        run("import", tmp_path / "x.neuron.pth", "--languages", "en,zh,fr", "--out", tmp_path)
    with pytest.raises(LanguageError, match="'xx1'"):
        run("import", tmp_path / "x.neuron.pth", "--languages", "en,xx1", "--out", tmp_path)


def test_masks_of_the_gate_and_empty_ones_go_to_and_from_lape(tmp_path):
    write_lape(tmp_path / "x.pth", [[[1, 2], [3]]])
    torch.save([*torch.load(tmp_path / "x.pth"), [torch.zeros(0, dtype=torch.int64)] * 2], tmp_path / "x.pth")
    arguments = (tmp_path / "x.pth", "--languages", "en,zh", "--site", "mlp.gate", "--out", tmp_path)
    written = json.loads(run("import", *arguments, "--json"))
    assert [row["n_neurons"] for row in written] == [3, 0]
    masks = [row["path"] for row in written]
    assert run("verify", masks[1]).endswith("whole, 0 neurons for zh\n")
    assert "0 neurons for zh" in run("show", masks[1])
    assert "zh 0.000 1.000" in squeeze(run("overlap", *masks))
    assert json.loads(run("diff", masks[1], masks[1], "--json"))["jaccard"] == 1
    run("export", *masks, "--out", tmp_path / "y.pth")
    lists = torch.load(tmp_path / "y.pth", weights_only=True)
    assert [[block.tolist() for block in blocks] for blocks in lists] == [[[1, 2], [3]], [[], []]]
    run("export", *masks, "--out", tmp_path / "y.csv")


def test_import_and_export_replace_nothing_unasked(tmp_path):
    write_lape(tmp_path / "x.neuron.pth", [[[1, 2], [3]], [[4], [5]]])
    arguments = (tmp_path / "x.neuron.pth", "--languages", "en,zh", "--out", tmp_path)
    (tmp_path / "zh.safetensors").write_bytes(b"mine")
    with pytest.raises(SharingError, match=r"zh\.safetensors is there with other content; use --force"):
        run("import", *arguments)
    assert not (tmp_path / "en.safetensors").exists()
    assert (tmp_path / "zh.safetensors").read_bytes() == b"mine"
    run("import", *arguments, "--force")
    run("import", *arguments)  # the same content is fine
    masks = (tmp_path / "en.safetensors", tmp_path / "zh.safetensors")
    (tmp_path / "out.csv").write_bytes(b"mine")
    with pytest.raises(SharingError, match=r"out\.csv is there with other content"):
        run("export", *masks, "--out", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b"mine"
    run("export", *masks, "--out", tmp_path / "out.csv", "--force")
    assert (tmp_path / "out.csv").read_bytes().startswith(b'"language"')
    for _ in range(2):  # the same lists are the same bytes
        run("import", *arguments)
        run("export", masks[0], "--out", tmp_path / "again.pth")


def test_import_keeps_the_name_of_a_model_that_is_out_of_reach(tmp_path):
    write_lape(tmp_path / "x.neuron.pth", [[[1, 2], [3]]])
    arguments = [
        "masks",
        "import",
        str(tmp_path / "x.neuron.pth"),
        "--languages",
        "en",
        "--out",
        str(tmp_path),
    ]
    result = CliRunner().invoke(app, [*arguments, "--model", "nobody/has-this"], catch_exceptions=False)
    assert "only the name of the model is recorded" in result.stderr
    known = ExpertMask.load(tmp_path / "en.safetensors").metadata
    assert (known.model_id, known.model_family) == ("nobody/has-this", None)


def test_import_of_an_expertise_table(tmp_path):
    rows = [f"0.{unit},0.5,transformer.h.0.mlp.c_fc:0,{unit}" for unit in range(1, 9)]
    (tmp_path / "expertise.csv").write_text("\n".join(["ap,on_p50,layer,unit", *rows]))
    arguments = (tmp_path / "expertise.csv", "--languages", "ja", "--out", tmp_path)
    run("import", *arguments, "--k", 3)
    assert ExpertMask.load(tmp_path / "ja.safetensors").unit.tolist() == [6, 7, 8]
    with pytest.raises(ConfigError, match=r"leave --site mlp\.gate out"):
        run("import", *arguments, "--site", "mlp.gate")
    with pytest.raises(ConfigError, match="about one language, 2 are named"):
        run("import", tmp_path / "expertise.csv", "--languages", "ja,en", "--out", tmp_path)
    with pytest.raises(ConfigError, match="neither"):
        run("import", tmp_path / "expertise.txt", "--languages", "ja", "--out", tmp_path)


@pytest.mark.usefixtures("project")
def test_export_goes_by_the_ending_or_the_format(tmp_path):
    told = json.loads(run("export", mask_file("de"), mask_file("ja"), "--out", "both.neuron.pth", "--json"))
    assert told == {"path": "both.neuron.pth", "format": "lape", "languages": ["de", "ja"]}
    lists = torch.load(tmp_path / "both.neuron.pth", weights_only=True)
    assert [[block.tolist() for block in blocks] for blocks in lists] == [
        [[1, 3], [2, 4]],
        [[3, 4], [2, 9]],
    ]
    run("export", mask_file("de"), "--out", "de.csv")
    with (tmp_path / "de.csv").open(newline="") as file:
        assert [row["unit"] for row in csv.DictReader(file)] == ["1", "3", "2", "4"]
    run("export", mask_file("de"), "--out", "de.parquet")
    assert (tmp_path / "de.parquet").read_bytes()[:4] == b"PAR1"
    with pytest.raises(MaskError, match="no output of a module"):
        run("export", mask_file("de"), "--out", "de.csv", "--format", "selfcond")
    with pytest.raises(ConfigError, match=r"'de\.txt' does not say a format"):
        run("export", mask_file("de"), "--out", "de.txt")


@pytest.fixture
def shared(project, tmp_path_factory, monkeypatch):
    """The project under git and DVC, with remotes for both."""
    forget_settings(tmp_path_factory.mktemp("settings"), monkeypatch)
    (project / ".gitignore").write_text("remote\norigin.git\n")
    (project / "dvc.yaml").write_text(
        "artifacts:\n  try-ja: {path: artifacts/try/chosen/ja.safetensors, type: mask}\n"
    )
    for command in (
        "git init -q -b main",
        "git init -q --bare -b main origin.git",
        f"git remote add origin {project / 'origin.git'}",
        f"{sys.executable} -m dvc init -q",
        f"{sys.executable} -m dvc remote add -q -d store {project / 'remote'}",
        f"{sys.executable} -m dvc add -q artifacts/try/chosen",
        "git add .gitignore .dvc .dvcignore dvc.yaml artifacts/try/chosen.dvc artifacts/try/.gitignore",
        "git commit -q -m results",
        "git push -q origin main",
    ):
        subprocess.run(command.split(), check=True, capture_output=True)
    return project


def test_publish_and_pull(shared):
    published = json.loads(run("publish", "try-ja", "--version", "1.0.0", "--json"))
    assert published["tag"] == "try-ja@v1.0.0"
    with pytest.raises(SharingError, match="already published"):
        run("publish", "try-ja", "--version", "1.0.0")
    got = json.loads(run("pull", shared / "origin.git", "try-ja@1.0.0", "--yes", "--json"))
    assert (got["version"], got["path"]) == ("v1.0.0", "try-ja.safetensors")
    assert got["metadata"]["language"] == "ja"
    due = (shared / "artifacts/try/chosen/ja.safetensors").read_bytes()
    assert (shared / "try-ja.safetensors").read_bytes() == due
    told = run("pull", shared / "origin.git", "try-ja", "--yes", "--out", "again.safetensors")
    assert told.strip() == "again.safetensors: try-ja@v1.0.0, 4 neurons for ja, of some/model"
    failed = steer("pull", shared / "origin.git", "try-ja@3.0.0")
    assert failed.returncode == 1
    assert "no version v3.0.0" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_what_was_chosen_is_declared_and_then_published(shared):
    (shared / "dvc.yaml").write_text("# mine\n")
    undeclared = "declares no artifact 'try-jpn-Jpan'.*`steer masks declare` adds"
    with pytest.raises(SharingError, match=undeclared):
        run("publish", "try-jpn-Jpan", "--version", "1.0.0")
    path = "artifacts/try/chosen/ja.safetensors"
    assert run("declare") == f"try-jpn-Jpan: {path}\n"
    assert json.loads(run("declare", "try", "--json")) == []
    with pytest.raises(ConfigError, match="no experiment 'tri'"):
        run("declare", "tri")
    with pytest.raises(SharingError, match=r"not committed, in 1 files: dvc\.yaml"):
        run("publish", "try-jpn-Jpan", "--version", "1.0.0")
    subprocess.run(["git", "commit", "-q", "-a", "-m", "declare"], check=True)
    assert json.loads(run("publish", "try-jpn-Jpan", "--version", "1.0.0", "--json"))["path"] == path


@pytest.mark.parametrize(("answer", "arrives"), [(b"y\n", True), (b"\n", False), (None, False)])
def test_pull_asks_before_it_fetches(shared, answer, arrives):
    run("publish", "try-ja", "--version", "1.0.0")
    ours, theirs = pty.openpty()
    os.write(ours, answer or b"")
    done = subprocess.run(
        [*STEER, "pull", str(shared / "origin.git"), "try-ja"],
        stdin=theirs if answer else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (not arrives)
    assert f"keeps its files at {shared / 'remote'}" in done.stderr
    assert ("give --yes" in done.stderr) == (answer is None)
    assert (shared / "try-ja.safetensors").exists() == arrives
