import pytest
import torch
import transformers as hf
from torch.nn import functional

from polysteer.errors import ModelError
from polysteer.models import losses
from polysteer.models.losses import ExpectedTokens, LossHead, find_predicted
from support.families import of_families
from support.tiny_models import make_model


@of_families(lambda family: not family.writes)
def test_a_model_that_predicts_nothing_is_refused(model: hf.PreTrainedModel) -> None:
    with pytest.raises(ModelError, match="predicts no next token"):
        LossHead(model)


@of_families(lambda family: family.writes)
def test_losses_are_those_of_the_models_own_logits(
    model: hf.PreTrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = torch.tensor([[1, 30, 31, 32], [1, 40, 2, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    monkeypatch.setattr(losses, "_MOST_LOGITS_ON_CPU", 1)
    monkeypatch.setattr(losses, "_LEAST_TOKENS", 2)  # three tokens are predicted: two pieces
    predicted = find_predicted(torch.tensor([[0, 1, 1, 1], [0, 1, 0, 0]]).bool(), mask)
    with torch.no_grad():
        output = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        sums = LossHead(model).sum_losses(output.hidden_states[-1], ids, predicted)
    log_p = functional.log_softmax(output.logits, -1)
    by_hand = [-(log_p[0, 0, 30] + log_p[0, 1, 31] + log_p[0, 2, 32]), -log_p[1, 0, 40]]
    torch.testing.assert_close(sums, torch.stack(by_hand))


def test_a_token_after_padding_is_not_predicted() -> None:
    real, mask = torch.tensor([[0, 1, 1], [1, 1, 1]]).bool(), torch.tensor([[0, 1, 1], [1, 1, 1]])
    assert find_predicted(real, mask).tolist() == [[False, False, True], [False, True, True]]
    assert real.tolist() == [[False, True, True], [True, True, True]]


def test_logits_made_in_an_unknown_way_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model("Llama")
    forward = model.forward

    def scaled(*args, **kwargs):
        output = forward(*args, **kwargs)
        output.logits = output.logits * 3
        return output

    monkeypatch.setattr(model, "forward", scaled)
    with pytest.raises(ModelError, match="in a way that is not known"):
        LossHead(model)


def test_expected_tokens_are_summed_probabilities_by_group(
    llama: hf.PreTrainedModel, ids: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "_MOST_LOGITS_ON_CPU", 1)
    monkeypatch.setattr(losses, "_LEAST_TOKENS", 3)  # pieces that end within a text
    texts = torch.cat([ids, ids.flip(1)])
    predicted = torch.ones_like(texts).bool()
    predicted[:, 0] = predicted[1, 4:] = False
    expected = ExpectedTokens(3)
    with torch.no_grad():
        output = llama(input_ids=texts, output_hidden_states=True)
        head = LossHead(llama)
        with_counts = head.sum_losses(
            output.hidden_states[-1],
            texts,
            predicted,
            expected=expected,
            groups=torch.tensor([2, 0, 0, 2]),
        )
        assert torch.equal(with_counts, head.sum_losses(output.hidden_states[-1], texts, predicted))
    probabilities = output.logits.softmax(-1)
    first = probabilities[1, :3].sum(0) + probabilities[2, :5].sum(0)
    last = probabilities[0, :5].sum(0) + probabilities[3, :5].sum(0)
    by_hand = torch.stack([first, torch.zeros(97), last])
    torch.testing.assert_close(torch.from_numpy(expected.sums()), by_hand)
    assert ExpectedTokens(3).sums() is None
