"""`dvc repro` in a new project, with real git and DVC and a model made for the test."""

import json
import random
from pathlib import Path

import pytest
import yaml

from polysteer.project import create_project

WORDS = [f"w{number}" for number in range(40)]
STAGES = ["settings", "corpus", "collect", "rank", "embed", "evaluate"]


@pytest.fixture
def project(tmp_path, model_folder) -> Path:
    """A new project, its experiment replaced by one that takes seconds."""
    folder = create_project(tmp_path / "new").folder
    rng = random.Random(0)
    for lang, vocabulary in (("en", WORDS[:25]), ("fi", WORDS[15:])):
        lines = [" ".join(rng.choices(vocabulary, k=rng.randint(3, 9))) for _ in range(30)]
        (folder / "data" / f"text.{lang}").write_text("\n".join(lines) + "\n")
    experiment = {
        "model": str(model_folder),
        "corpus": {
            "source": "lines",
            "files": {"en": "data/text.en", "fi": "data/text.fi"},
            "dev": 8,
            "test": 10,
        },
        "targets": ["fi"],
        "collect": {"sites": "mlp"},
        "rank": {"k": 0.2},
        "evaluate": {"controls": 2, "resamples": 100},
    }
    (folder / "experiments.yaml").write_text(
        yaml.safe_dump({"schema": 1, "experiments": {"try": experiment}})
    )
    return folder


CHANGES = [
    ({"embed": {}, "rank": {"k": [0.2]}}, ["settings@try", "store"]),  # means the same
    ({"embed": {"layers": [1, "final"]}}, ["settings@try", "embed@try", "evaluate@try", "store"]),
    ({"rank": {"k": 0.3}}, ["settings@try", "rank@try", "embed@try", "evaluate@try", "store"]),
]


def test_repro_works_at_once_and_runs_only_what_a_change_touches(project, run):
    assert list_run(run("dvc", "repro", cwd=project)) == [*[f"{stage}@try" for stage in STAGES], "store"]
    assert "fi" in run("steer", "report", "--lang", "fi", cwd=project)
    assert list_run(run("dvc", "repro", cwd=project)) == []
    left_to_git = run("git", "ls-files", "--others", "--exclude-standard", "artifacts", cwd=project)
    assert left_to_git.split() == ["artifacts/summary.json"]

    for sections, stages in CHANGES:
        change_experiment(project, sections)
        assert list_run(run("dvc", "repro", cwd=project)) == stages

    with (project / "data" / "README.md").open("a") as file:
        file.write("a note\n")
    assert list_run(run("dvc", "repro", cwd=project)) == ["corpus@try"]

    lines = (project / "data" / "text.fi").read_text().splitlines()
    (project / "data" / "text.fi").write_text("\n".join([f"{lines[0]} w39", *lines[1:]]) + "\n")
    assert list_run(run("dvc", "repro", "corpus@try", cwd=project)) == ["corpus@try"]
    changed = json.loads(run("dvc", "status", "--json", "collect@try", cwd=project))
    assert changed == {"collect@try": [{"changed deps": {"artifacts/try/corpus": "modified"}}]}


def test_repro_refuses_before_any_text_is_read(project, run):
    change_experiment(project, {"embed": {"layer": 99}})
    printed = run("dvc", "repro", cwd=project, expect=255)
    assert "experiments.try.embed.layer: there is no layer 99; there are 0 to 3 and final" in printed
    assert list_run(printed) == ["settings@try"]
    assert not (project / "artifacts" / "try").exists()


def change_experiment(project: Path, sections: dict[str, object]) -> None:
    """Write some sections of the experiment anew."""
    path = project / "experiments.yaml"
    content = yaml.safe_load(path.read_text())
    content["experiments"]["try"] |= sections
    path.write_text(yaml.safe_dump(content))


def list_run(output: str) -> list[str]:
    """The stages that DVC ran."""
    opening = "Running stage '"
    return [
        line.removeprefix(opening).partition("'")[0]
        for line in output.splitlines()
        if line.startswith(opening)
    ]
