"""`steer models inspect` as a user runs it, and what can be wrong with a model."""

import json
from pathlib import Path
from unittest.mock import Mock

import pytest
import transformers as hf
from huggingface_hub import errors

pytestmark = pytest.mark.usefixtures("tiny")


def test_a_model_is_shown(steer) -> None:
    outcome = steer("models", "inspect", "model", "--dtype", "float32", "--sentences", "200")
    assert outcome.exit_code == 0
    for shown in (
        "llama",
        "6,032",  # parameters
        "336 in all sites",
        "119 kB on disk per language of 200 sentences: 48 neurons of mlp.hidden",
        "TokenizersBackend, 50 entries, pad none, BOS none, EOS none; reads `text`, any length",
        "model.layers.*.mlp.down_proj",
    ):
        assert shown in " ".join(outcome.stdout.split()), outcome.stdout
    assert not outcome.stderr


def test_scripts_get_the_same_as_json(steer) -> None:
    facts = json.loads(steer("models", "inspect", "model", "--json", "--collect", "selfcond").stdout)
    n_parameters = hf.AutoModelForCausalLM.from_pretrained("model").num_parameters()
    assert (facts["family"], facts["parameters"], facts["blocks"]) == ("llama", n_parameters, 2)
    assert facts["sites"]["mlp.hidden"] == {
        "module": "model.layers.*.mlp.down_proj",
        "width": 24,
        "neurons": 48,
    }
    assert facts["neurons"] == 2 * sum(site["width"] for site in facts["sites"].values())
    assert facts["collect"]["sites"] == ["attn.qkv", "attn.out", "mlp.up", "mlp.out"]
    assert facts["collect"]["neurons"] == 2 * (48 + 16 + 24 + 16)
    assert facts["tokenizer"]["vocabulary"] == 50


def test_weights_and_tokenizer_may_be_missing(steer) -> None:
    for path in Path("model").iterdir():
        if path.name != "config.json":
            path.unlink()
    outcome = steer("models", "inspect", "model")
    assert outcome.exit_code == 0
    assert "none (model has no tokenizer" in " ".join(outcome.stdout.split())
    assert json.loads(steer("models", "inspect", "model", "--json").stdout)["tokenizer"] is None


def test_sites_that_are_absent_say_why(steer, refuse) -> None:
    config = hf.MixtralConfig(num_hidden_layers=2, num_local_experts=4, hidden_size=64, intermediate_size=96)
    config.architectures = ["MixtralForCausalLM"]
    config.save_pretrained("mixture")
    facts = json.loads(steer("models", "inspect", "mixture", "--json").stdout)
    assert "mixture of experts" in facts["absent"]["mlp.hidden"]
    assert facts["memory"]["run_bytes"] is None
    assert "mlp.hidden" not in facts["collect"]["sites"]
    assert "not known for a mixture of experts" in steer("models", "inspect", "mixture").stdout
    assert "has no mlp.hidden (block 0: its MLP is a mixture of experts" in refuse(
        "models", "inspect", "mixture", "--collect", "mlp"
    )


def test_a_site_can_be_named(steer, refuse) -> None:
    given = [
        "--site",
        "mlp.out=model.layers.*.self_attn.q_proj",
        "--site",
        "mlp.out=model.layers.*.mlp.up_proj",
    ]
    facts = json.loads(steer("models", "inspect", "model", "--json", *given).stdout)
    assert facts["sites"]["mlp.out"]["width"] == 16 + 24
    assert "'mlp.out' is not SITE=MODULE" in refuse("models", "inspect", "model", "--site", "mlp.out")
    assert "'mlp.in' is not a site; there are mlp.hidden" in refuse(
        "models", "inspect", "model", "--site", "mlp.in=model.layers.*.mlp"
    )


# --- models that cannot be had: the same message whichever command asks ---

COMMANDS = {
    "inspect": ("models", "inspect", "{}"),
    "generate": ("generate", "{}", "--mask", "ja.safetensors", "--prompt", "w1"),
    "encode": ("encode", "{}", "--mask", "ja.safetensors", "--in", "texts.txt", "--out", "v.npy"),
}


@pytest.fixture(params=COMMANDS)
def fail(request: pytest.FixtureRequest, refuse):
    return lambda model, *more: refuse(*(word.format(model) for word in COMMANDS[request.param]), *more)


def test_a_name_that_leads_nowhere(fail) -> None:
    assert "there is no folder ./nowhere" in fail("./nowhere")
    assert "somebody/some-model is not in the local cache and the hub cannot be reached" in fail(
        "somebody/some-model"
    )
    assert "there is no device 'tpu'; there is auto, cpu" in fail("model", "--device", "tpu")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("GatedRepoError", "a/b is gated: ask for access on its page"),
        ("RepositoryNotFoundError", "a/b is neither a folder nor a model on the hub"),
    ],
)
def test_what_the_hub_refuses(fail, monkeypatch: pytest.MonkeyPatch, kind: str, message: str) -> None:
    def from_pretrained(*_args, **_kwargs):
        raise OSError("a long story") from getattr(errors, kind)("no", response=Mock())

    monkeypatch.setattr(hf.AutoConfig, "from_pretrained", from_pretrained)
    monkeypatch.setattr(hf.AutoTokenizer, "from_pretrained", from_pretrained)
    assert message in fail("a/b")


def test_a_folder_that_is_half_there(fail) -> None:
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    Path("model/model-00001-of-00002.safetensors").write_bytes(b"")
    Path("model/model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    assert "lacks 1 of 2 weight files, model-00002-of-00002.safetensors first" in fail("model")
    Path("model/config.json").unlink()
    assert "holds no config.json" in fail("model")


def test_what_needs_a_tokenizer_refuses(refuse) -> None:
    Path("model/tokenizer.json").unlink()
    for command in ("generate", "encode"):
        words = [word.format("model") for word in COMMANDS[command]]
        assert "model has no tokenizer" in refuse(*words)


@pytest.mark.parametrize("command", ["generate", "encode"])
def test_a_mask_that_does_not_fit(refuse, command: str) -> None:
    from polysteer.masks import ExpertMask

    words = [word.format("model") for word in COMMANDS[command]]
    config = json.loads(Path("model/config.json").read_text())
    mask = ExpertMask.load("ja.safetensors")
    known = mask.metadata.model_copy(update={"width_by_site": {"mlp.hidden": 32}})
    ExpertMask(known, mask.site, mask.block, mask.unit, mask.score, mask.value).save("ja.safetensors")
    assert "width of mlp.hidden is 32 in the mask and 24 in the model" in refuse(*words)
    mixture = hf.MixtralConfig(
        **{name: config[name] for name in ("vocab_size", "hidden_size", "intermediate_size")},
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        num_local_experts=2,
    )
    hf.MixtralForCausalLM(mixture).save_pretrained("model")
    assert "the mask is for the site mlp.hidden; the model has mlp.out" in refuse(*words)
    Path("ja.safetensors").write_bytes(b"not a mask")
    assert "ja.safetensors is not a whole safetensors file" in refuse(*words)
    Path("ja.safetensors").unlink()
    assert "ja.safetensors is not there" in refuse(*words)
