import json
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
import transformers as hf
from huggingface_hub import errors
from tokenizers import Tokenizer, models
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from polysteer.errors import ModelError
from polysteer.models import loading
from polysteer.models.loading import choose_dtype, load_model
from support.tiny_models import make_model


@pytest.fixture
def folder(llama: PreTrainedModel, tmp_path: Path) -> Path:
    llama.save_pretrained(tmp_path)
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "a": 1, "<s>": 5}, unk_token="<unk>"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>").save_pretrained(tmp_path)
    return tmp_path


def test_a_folder_becomes_a_model_and_its_tokenizer(folder: Path, llama: PreTrainedModel) -> None:
    model, tokenizer = load_model(str(folder), dtype="float32")
    ids = torch.tensor([[30, 31]])
    with torch.no_grad():
        assert torch.equal(model(ids).logits, llama(ids).logits)
    assert not model.training
    assert tokenizer("a")["input_ids"] == [1]
    assert model.special_token_ids == (5,)


def test_auto_is_what_the_processor_is_fast_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, cpu, cuda = hf.LlamaConfig(dtype="float16"), torch.device("cpu"), torch.device("cuda")
    for able, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(loading, "multiplies_bfloat16", lambda able=able: able)
        assert choose_dtype("auto", config, cpu) == expected
        assert choose_dtype("auto", config, cuda) == torch.float16
        assert load_model(str(folder)).model.dtype == expected
    with pytest.raises(ModelError, match="dtype is 'int8'; it can be auto, float32"):
        choose_dtype("int8", config, cpu)


def test_of_an_encoder_decoder_the_encoder_is_loaded(folder: Path) -> None:
    pair = "ForConditionalGeneration"
    make_model("M2M100", use=pair, decoder_layers=1).save_pretrained(folder)
    assert type(load_model(str(folder)).model).__name__ == "M2M100Encoder"
    make_model("T5", use=pair, d_kv=8).save_pretrained(folder)
    assert type(load_model(str(folder)).model).__name__ == "T5EncoderModel"


def test_a_masked_language_model_is_loaded_as_an_encoder(folder: Path) -> None:
    make_model("XLMRoberta", use="ForMaskedLM").save_pretrained(folder)
    assert type(load_model(str(folder)).model).__name__ == "XLMRobertaModel"


# --- what can be wrong with a folder ---


def test_a_folder_without_config_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        load_model(str(tmp_path))


def test_a_half_downloaded_folder_is_named(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    with pytest.raises(
        ModelError, match=r"lacks 1 of 2 weight files, model-00002-of-00002\.safetensors first"
    ):
        load_model(str(folder))


def test_weights_that_are_cut_off_are_named(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ModelError, match="are damaged or cut off"):
        load_model(str(folder))


def test_weights_that_are_not_all_there_are_named(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(ModelError, match=r"lack 9 tensors, model\.layers\.2"):
        load_model(str(folder))


def test_weights_that_the_config_has_no_place_for_are_named_in_one_line(
    folder: Path, notices: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 1}))
    assert len(load_model(str(folder)).model.model.layers) == 1
    (told,) = notices
    assert told.startswith("9 tensors of the weights of ")
    assert "model.layers.1.input_layernorm.weight first" in told
    assert capfd.readouterr() == ("", "")


def test_a_folder_without_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="has no tokenizer"):
        load_model(str(folder))


def test_pickled_weights_need_leave(folder: Path, llama: PreTrainedModel) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(llama.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="allow_pickle: true"):
        load_model(str(folder))
    model, _ = load_model(str(folder), allow_pickle=True, dtype="float32")
    assert torch.equal(model.lm_head.weight, llama.lm_head.weight)


def test_code_of_its_own_needs_leave(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "homemade", "auto_map": {"AutoConfig": "configuration_homemade.HomemadeConfig"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "configuration_homemade.py").write_text("raise RuntimeError")
    with pytest.raises(ModelError, match="trust_remote_code: true"):
        load_model(str(folder))


# --- what can be wrong with a name ---


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./nowhere", "there is no folder ./nowhere"),
        ("no/such/place", "there is no folder no/such/place"),
        ("two words!", "neither a folder nor a possible hub id"),
        ("somebody/some-model", "not in the local cache and the hub cannot be reached"),
    ],
)
def test_a_name_that_leads_nowhere_is_named(name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load_model(name)


def refuse(kind: str):
    def from_pretrained(*_args, **_kwargs):
        raise OSError("a long story") from getattr(errors, kind)("no", response=Mock())

    return from_pretrained


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("GatedRepoError", "a/b is gated: ask for access"),
        ("RepositoryNotFoundError", "a/b is neither a folder nor a model on the hub"),
        ("RevisionNotFoundError", "a/b has no revision v9"),
    ],
)
def test_what_the_hub_refuses_is_explained(monkeypatch: pytest.MonkeyPatch, kind: str, message: str) -> None:
    monkeypatch.setattr(hf.AutoTokenizer, "from_pretrained", refuse(kind))
    with pytest.raises(ModelError, match=message):
        load_model("a/b", revision="v9")
