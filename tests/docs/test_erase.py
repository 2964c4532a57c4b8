"""What docs/erase.md shows is valid, and runs."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml

from polysteer.config.schema import SteerSettings
from polysteer.masks import LanguageSubspace, SubspaceMetadata

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "erase.md").read_text()
SETTINGS, ARTIFACTS = re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)
(PYTHON,) = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)


def test_the_settings_are_valid_and_every_key_is_explained() -> None:
    steer = SteerSettings.model_validate(yaml.safe_load(SETTINGS)["steer"])
    assert steer.on_neurons == ("set",)
    for name in type(steer.erase).model_fields:
        assert f"| `{name}` |" in GUIDE


def test_the_artifact_is_written_like_the_shipped_ones() -> None:
    shipped = yaml.safe_load((ROOT / "dvc.yaml").read_text())["artifacts"]["builtin-ja"]
    (shown,) = yaml.safe_load(ARTIFACTS)["artifacts"].values()
    assert shown.keys() <= shipped.keys()
    assert Path(shown["path"]).parent == Path(shipped["path"]).parent


def test_the_python_runs_on_a_file_of_the_built_in_model_s_width(tmp_path: Path) -> None:
    path = tmp_path / "artifacts" / "builtin" / "chosen" / "erase.safetensors"
    metadata = SubspaceMetadata(method="mean_difference", languages=["en", "ja"], layers=["4"], width=192)
    direction = np.eye(192, dtype=np.float32)[None, :1]
    mean = np.zeros((1, 192), np.float32)
    LanguageSubspace(metadata, mean, direction.swapaxes(1, 2).copy(), direction).save(path)
    done = subprocess.run(
        [sys.executable, "-c", f"{PYTHON}\nprint(output.logits.shape[:2])"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert re.fullmatch(r"torch\.Size\(\[1, \d+\]\)\n", done.stdout), done.stderr
