"""What a model does not have is refused before text or weights are read, whatever the command."""

import json
from pathlib import Path

import pytest

from polysteer.config import Experiment, load_experiments
from polysteer.errors import ConfigError
from polysteer.stages.checks import check_experiments


def check(project: Path, old: str, new: str) -> str:
    """The refusal of an experiment that was changed, without the names of file and experiment."""
    path = project / "experiments.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        check_experiments(load_experiments(path).experiments, path, fetch=False)
    return str(caught.value).replace(f"{path}:", "").replace("experiments.tiny.", "")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("embed: {}", "embed: {layer: 99}", "10: embed.layer: there is no layer 99; there are 0 to 3 and"),
        ("embed: {}", "embed: {layers: [0, 4, final]}", "10: embed.layers.1: there is no layer 4"),
        ("value: token_mean", "blocks: [0, 3]", "8: rank.blocks.1: there is no block 3; there are 0 to 2"),
        ("value: token_mean", "blocks: [-4]", "8: rank.blocks.0: there is no block -4"),
        ("steer: {}", "steer: {erase: {from_block: 3}}", "9: steer.erase.from_block: there is no block 3"),
        ("steer: {}", "steer: {erase: {from_block: [0, 9]}}", "9: steer.erase.from_block.1: there is no"),
        (
            "steer: {}\n    embed: {}",
            "steer: {intervention: erase}\n    embed: {layers: [0, final]}",
            "10: embed.layers: erasing from block 2 on needs the vectors of layers 3",
        ),
    ],
)
def test_layers_and_blocks_that_the_model_lacks(project: Path, old: str, new: str, says: str) -> None:
    assert check(project, old, new).startswith(says)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("{id: builtin, revision: step-7}", "5: model: the built-in model has no revision 'step-7'"),
        ("{id: builtin, checkpoints: [step-150, step-7]}", "5: model.checkpoints.1: the built-in model has"),
        ("{id: FOLDER, revision: v2}", "5: model: FOLDER is a folder, which has no revision 'v2'"),
    ],
)
def test_states_that_are_not_there(project: Path, model_folder: Path, model: str, says: str) -> None:
    told = check(
        project, f"    model: {model_folder}", "\n    model: " + model.replace("FOLDER", str(model_folder))
    )
    assert told.replace(str(model_folder), "FOLDER").startswith(says)


def test_a_checkpoint_has_to_have_the_layers_too(project: Path, model_folder: Path) -> None:
    model = f"model: {{id: builtin, checkpoints: [{model_folder}]}}\n    embed: {{layer: 4}}"
    text = (project / "experiments.yaml").read_text().replace("    embed: {}\n", "")
    (project / "experiments.yaml").write_text(text)
    assert check(project, f"model: {model_folder}", model) == (
        "4: model.checkpoints.0: embed asks for a layer that it does not have: there is no layer 4; "
        "there are 0 to 3 and final"
    )


@pytest.mark.parametrize("command", ["run", "settings", "corpus", "rank", "embed", "plan"])
def test_every_command_refuses_at_once(project: Path, steer, command: str) -> None:
    path = project / "experiments.yaml"
    path.write_text(path.read_text().replace("embed: {}", "embed: {layer: 99}"))
    told = steer(command, "tiny", expect=1).stderr
    assert told.startswith("steer: experiments.yaml:10: experiments.tiny.embed.layer: there is no layer 99")
    assert not (project / "artifacts").exists()


def test_the_file_of_settings_has_every_default_and_reads_as_the_same(project: Path, steer) -> None:
    steer("settings")
    written = (project / "artifacts" / "tiny" / "settings.json").read_text()
    filled = json.loads(written)
    assert (filled["steer"]["strength"], filled["embed"]["layer"], filled["rank"]["k"]) == (
        [1],
        "final",
        [0.1, 8],
    )
    asked = load_experiments(project / "experiments.yaml").experiments["tiny"]
    assert Experiment.model_validate(filled) == asked
    steer("settings")
    assert (project / "artifacts" / "tiny" / "settings.json").read_text() == written
