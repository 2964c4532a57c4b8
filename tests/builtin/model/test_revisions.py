import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from polysteer.builtin.model.revisions import builtin_folder, list_revisions
from polysteer.builtin.model.saving import save_revision
from polysteer.builtin.model.training import make_model
from polysteer.errors import ArtifactError, ModelError


@pytest.fixture(scope="module")
def model(tiny_plan, tokenizer):
    return make_model(tiny_plan, tokenizer).eval()


@pytest.fixture
def weights(tmp_path, model, tokenizer):
    for name in ("step-100", "main", "step-20"):
        save_revision(tmp_path / name, model, tokenizer)
    return tmp_path


def test_a_saved_revision_loads_as_any_hugging_face_model(weights, model, tokenizer):
    folder = builtin_folder(weights=weights)
    loaded = AutoModelForCausalLM.from_pretrained(folder)
    ids = AutoTokenizer.from_pretrained(folder)("The dog sleeps.", return_tensors="pt")["input_ids"]
    assert loaded.dtype == torch.bfloat16
    assert loaded.lm_head.weight is loaded.model.embed_tokens.weight
    with torch.inference_mode():
        expected, found = model(ids).logits, loaded.float()(ids).logits
    assert torch.allclose(expected, found, atol=0.02 * expected.abs().max())
    assert loaded.generation_config.pad_token_id == tokenizer.pad_token_id


def test_revisions_are_listed_in_the_order_of_training(weights):
    assert list_revisions(weights) == ["step-20", "step-100", "main"]
    assert builtin_folder("step-20", weights=weights) == weights / "step-20"


@pytest.mark.parametrize("name", ["step-3", "", "../main"])
def test_an_unknown_revision_names_the_choices(weights, name):
    with pytest.raises(ModelError, match="choose one of step-20, step-100, main"):
        builtin_folder(name, weights=weights)


def test_an_unfinished_folder_is_no_revision(weights):
    (weights / "main" / "model.safetensors").rename(weights / "main" / "other")
    (weights / "step-20").rename(weights / ".step-20.tmp")
    assert list_revisions(weights) == ["step-100"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path, model, tokenizer):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match=r"cannot write .*file/main"):
        save_revision(tmp_path / "file" / "main", model, tokenizer)
