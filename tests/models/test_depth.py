"""The number of blocks, read from config.json, is what the model itself has."""

import json
import subprocess
import sys

import pytest

from polysteer.errors import ModelError
from polysteer.models.depth import count_blocks
from polysteer.models.sites import describe_shape


def test_it_is_the_number_that_the_model_has(family, tmp_path):
    family.config().save_pretrained(tmp_path)
    assert count_blocks(str(tmp_path)) == describe_shape(family.build()).n_blocks


def test_torch_is_not_imported_for_it():
    code = (
        "import sys; from polysteer.models.depth import count_blocks; assert count_blocks('builtin') == 4;"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("config", "n_blocks"),
    [
        ({"text_config": {"num_hidden_layers": 5}}, 5),
        ({"num_hidden_layers": True, "n_layer": 3}, 3),
        ({"num_hidden_layers": "7"}, None),
        ({"num_hidden_layers": -1}, None),
        ({"text_config": [1]}, None),
        ({}, None),
    ],
)
def test_what_a_config_may_say(tmp_path, config, n_blocks):
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert count_blocks(str(tmp_path)) == n_blocks


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_a_damaged_config_is_refused(tmp_path, content):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match="copy it anew"):
        count_blocks(str(tmp_path))


def test_a_model_that_is_not_there_is_refused_where_it_is_needed(tmp_path):
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        count_blocks(str(tmp_path))
    with pytest.raises(ModelError, match="no revision 'step-7'"):
        count_blocks("builtin", revision="step-7")
    for model, message in (
        (str(tmp_path / "absent"), "there is no folder"),
        ("owner/name", "not in the local cache"),
        ("not a name!", "neither a folder nor a possible hub id"),
    ):
        assert count_blocks(model) is None
        with pytest.raises(ModelError, match=message):
            count_blocks(model, fetch=True)
