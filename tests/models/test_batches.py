import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedModel

from polysteer.models.backbone import find_backbone, run_backbone
from polysteer.models.batches import Batch, find_span, make_batch, plan_batches
from polysteer.models.tokens import Tokens
from support.families import FAMILIES


def put_together(texts: list[list[int]], *, special_ids: tuple[int, ...] = (), pad_id: int = 0) -> Tokens:
    starts = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    return Tokens(np.concatenate(texts), starts, special_ids, pad_id, 0)


@given(st.lists(st.integers(1, 80), max_size=200), st.integers(1, 300))
def test_a_plan_holds_every_text_once_within_the_budget(lengths: list[int], token_budget: int) -> None:
    n_tokens = np.array(lengths, dtype=np.int64)
    plan = plan_batches(n_tokens, token_budget=token_budget)
    assert sorted(i for batch in plan for i in batch.tolist()) == list(range(len(lengths)))
    for batch in plan:
        cells = len(batch) * n_tokens[batch].max()
        assert cells <= token_budget or len(batch) == 1
        assert n_tokens[batch].sum() >= 0.8 * cells
    again = plan_batches(n_tokens, token_budget=token_budget)
    assert all(np.array_equal(a, b) for a, b in zip(plan, again, strict=True))


def test_many_texts_of_few_lengths_need_no_padding() -> None:
    n_tokens = np.random.default_rng(0).integers(10, 15, size=1000)
    plan = plan_batches(n_tokens, token_budget=1000)
    assert all(len(set(n_tokens[batch])) == 1 for batch in plan)
    assert len(plan) <= n_tokens.sum() / 1000 + 10


def test_a_batch_on_paper() -> None:
    tokens = put_together([[1, 5, 6], [1, 7], [1, 8, 9]], special_ids=(0, 1), pad_id=4)
    batch = make_batch(tokens, np.array([1, 0]))
    assert batch.input_ids.tolist() == [[1, 7, 4], [1, 5, 6]]
    assert batch.attention_mask.tolist() == [[1, 1, 0], [1, 1, 1]]
    assert batch.real.tolist() == [[False, True, False], [False, True, True]]
    assert (batch.index.tolist(), batch.span, batch.position_ids) == ([1, 0], None, None)
    left = make_batch(tokens, np.array([1, 0]), pad_left=True)
    assert left.input_ids.tolist() == [[4, 1, 7], [1, 5, 6]]
    assert left.position_ids.tolist() == [[0, 0, 1], [0, 1, 2]]
    assert left.real.tolist() == [[False, False, True], [False, True, True]]
    equal = make_batch(tokens, np.array([0, 2]))
    assert (equal.attention_mask, equal.span) == (None, slice(1, 3))


@pytest.mark.parametrize(
    ("rows", "span"),
    [
        (["0110", "0110"], slice(1, 3)),
        (["0110", "0100"], None),
        (["0101"], None),
        (["11"], slice(0, 2)),
        (["00"], None),
    ],
)
def test_a_span_is_one_run_of_columns_in_all_rows(rows: list[str], span: slice | None) -> None:
    assert find_span(torch.tensor([[cell == "1" for cell in row] for row in rows])) == span


def hidden_by_text(model: PreTrainedModel, batches: list[Batch]) -> dict[int, torch.Tensor]:
    by_text = {}
    for batch in batches:
        with torch.no_grad():
            hidden = run_backbone(
                find_backbone(model),
                batch.input_ids,
                attention_mask=batch.attention_mask,
                position_ids=batch.position_ids,
            )
        by_text |= {text: hidden[row][batch.real[row]] for row, text in enumerate(batch.index.tolist())}
    return by_text


@pytest.mark.parametrize(
    ("named_family", "pad_id"),
    [
        *((name, None) for name in FAMILIES),
        *((name, 7) for name, family in FAMILIES.items() if not family.own_pad_only),
    ],
    indirect=["named_family"],
)
def test_padding_on_either_side_and_no_padding_give_the_same(model: PreTrainedModel, pad_id) -> None:
    own_pad = model.config.pad_token_id
    rng = np.random.default_rng(0)
    texts = [rng.integers(20, 49, size=n).tolist() for n in (3, 9, 5, 1)]
    tokens = put_together(texts, pad_id=pad_id if pad_id is not None else own_pad or 0)
    alone = hidden_by_text(model, [make_batch(tokens, np.array([i])) for i in range(4)])
    right = hidden_by_text(model, [make_batch(tokens, np.arange(4))])
    left = hidden_by_text(model, [make_batch(tokens, np.arange(4), pad_left=True)])
    for i in range(4):
        assert len(alone[i]) == len(texts[i])
        torch.testing.assert_close(right[i], alone[i], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(left[i], alone[i], rtol=1e-4, atol=1e-4)
