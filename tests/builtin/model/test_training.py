from dataclasses import replace

import pytest
import torch
from transformers import LlamaForCausalLM

from polysteer.builtin.model.packing import pack_documents
from polysteer.builtin.model.revisions import list_revisions
from polysteer.builtin.model.training import STATE_FILE, make_model, measure_density, train_model
from polysteer.errors import ModelError, NumericError
from polysteer.progress import stay_silent


@pytest.fixture(scope="module")
def rows(documents, tokenizer):
    return pack_documents(documents, tokenizer, row_tokens=32)


def interrupt_at(step):
    def progress(_text, done, _total):
        if done == step:
            raise KeyboardInterrupt

    return progress


def bytes_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_interrupted_run_ends_in_the_same_bytes(tmp_path, rows, tokenizer, tiny_plan):
    plain = train_model(rows, tokenizer, tiny_plan, tmp_path / "a", stamp="x", progress=stay_silent)
    for step in (3, 9, 14):
        with pytest.raises(KeyboardInterrupt):
            train_model(rows, tokenizer, tiny_plan, tmp_path / "b", stamp="x", progress=interrupt_at(step))
    resumed = train_model(rows, tokenizer, tiny_plan, tmp_path / "b", stamp="x", progress=stay_silent)
    assert resumed == plain
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
    assert list_revisions(tmp_path / "a") == ["step-1", "step-3", "step-8", "main"]


def test_a_resumed_run_does_not_begin_anew(tmp_path, rows, tokenizer, tiny_plan):
    seen = []
    with pytest.raises(KeyboardInterrupt):
        train_model(rows, tokenizer, tiny_plan, tmp_path, stamp="x", progress=interrupt_at(14))
    train_model(
        rows, tokenizer, tiny_plan, tmp_path, stamp="x", progress=lambda _text, done, _n: seen.append(done)
    )
    assert seen == list(range(13, 21))


def test_training_learns_and_the_seed_decides(tmp_path, rows, tokenizer, tiny_plan):
    longer = replace(tiny_plan, n_steps=120, peak_learning_rate=2e-2, density_weight=0.0)
    first = train_model(rows, tokenizer, longer, tmp_path / "a", stamp="x", progress=stay_silent)
    assert sum(first[-5:]) < 0.75 * sum(first[:5])
    other = replace(longer, seed=1)
    assert train_model(rows, tokenizer, other, tmp_path / "b", stamp="x", progress=stay_silent) != first


def test_the_first_loss_is_that_of_guessing(tmp_path, rows, tokenizer, tiny_plan):
    losses = train_model(rows, tokenizer, tiny_plan, tmp_path, stamp="x", progress=stay_silent)
    assert losses[0] == pytest.approx(torch.log(torch.tensor(float(len(tokenizer)))).item(), rel=0.02)


def test_a_model_leaves_the_callers_random_numbers_alone(tiny_plan, tokenizer):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    make_model(tiny_plan, tokenizer)
    assert torch.equal(torch.rand(3), expected)


def test_a_state_of_another_plan_is_refused(tmp_path, rows, tokenizer, tiny_plan):
    with pytest.raises(KeyboardInterrupt):
        train_model(rows, tokenizer, tiny_plan, tmp_path, stamp="x", progress=interrupt_at(8))
    with pytest.raises(ModelError, match="another training plan"):
        train_model(rows, tokenizer, tiny_plan, tmp_path, stamp="y", progress=stay_silent)


def test_a_damaged_state_is_named(tmp_path, rows, tokenizer, tiny_plan):
    with pytest.raises(KeyboardInterrupt):
        train_model(rows, tokenizer, tiny_plan, tmp_path, stamp="x", progress=interrupt_at(8))
    state = tmp_path / STATE_FILE
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"state\.safetensors is damaged .*delete it"):
        train_model(rows, tokenizer, tiny_plan, tmp_path, stamp="x", progress=stay_silent)


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path, rows, tokenizer, tiny_plan):
    plan = replace(tiny_plan, peak_learning_rate=1e38)
    with pytest.raises(NumericError, match="lower peak learning rate than 1e"):
        train_model(rows, tokenizer, plan, tmp_path, stamp="x", progress=stay_silent)


@pytest.mark.parametrize(
    ("state", "density"),
    [([1.0, -1.0, 1.0, 1.0], 1.0), ([0.0, 0.0, 3.0, 0.0], 0.5), ([3.0, 4.0, 0.0, 0.0], 7 / 4 / 2.5)],
)
def test_it_is_the_mean_over_the_root_mean_square(state: list[float], density: float) -> None:
    assert measure_density(torch.tensor([[state]])).item() == pytest.approx(density, abs=1e-6)


def test_charging_for_density_leaves_states_on_fewer_neurons(tmp_path, rows, tokenizer, tiny_plan) -> None:
    densities = {}
    for weight in (0.0, 3.0):
        plan = replace(tiny_plan, n_steps=60, peak_learning_rate=1e-2, density_weight=weight)
        folder = tmp_path / str(weight)
        train_model(rows, tokenizer, plan, folder, stamp="x", progress=stay_silent)
        model = LlamaForCausalLM.from_pretrained(folder / "main", dtype=torch.float32)
        ids = torch.from_numpy(rows[:4]).long()
        with torch.no_grad():
            states = model(input_ids=ids, output_hidden_states=True).hidden_states[-1]
        densities[weight] = measure_density(states).item()
    assert densities[3.0] < 0.9 * densities[0.0]
