"""docs/masks.md explains every key and value there is, and what it shows is valid."""

import re
from pathlib import Path

import pytest
import yaml

from polysteer.config.experts import RankSettings
from polysteer.config.schema import SteerSettings
from polysteer.ranking.table import SCORES
from polysteer.terms import INTERVENTIONS, VALUES

GUIDE = (Path(__file__).parents[2] / "docs" / "masks.md").read_text()
(BLOCK,) = re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)


def test_the_sweep_is_valid() -> None:
    shown = yaml.safe_load(BLOCK)
    assert RankSettings.model_validate(shown["rank"]).k == (0.015, 0.03)
    assert SteerSettings.model_validate(shown["steer"]).strength == (0.5, 1.0)


@pytest.mark.parametrize("settings", [RankSettings, SteerSettings])
def test_every_key_stands_with_its_default(settings) -> None:
    for name, field in settings.model_fields.items():
        if name == "erase":
            continue
        (line,) = re.findall(rf"^\| `{name}` \| (.*?) \|", GUIDE, flags=re.MULTILINE)
        default = field.default[0] if isinstance(field.default, tuple) else field.default
        assert line == ("none" if default is None else f"`{str(default).replace('False', 'false')}`"), name


@pytest.mark.parametrize("name", [*VALUES, *INTERVENTIONS, *SCORES])
def test_every_value_is_named(name: str) -> None:
    assert f"`{name}`" in GUIDE


def test_every_command_is_named() -> None:
    from polysteer.cli.masks import app

    for command in app.registered_commands:
        assert re.search(rf"`{command.name}[ `]", GUIDE), command.name
