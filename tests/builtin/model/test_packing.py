import numpy as np
import pytest

from polysteer.builtin.model.packing import pack_documents, pick_rows
from polysteer.errors import ModelError


def test_rows_hold_the_documents_one_after_the_other(documents, tokenizer):
    stream = [token for document in documents for token in tokenizer(document)["input_ids"]]
    rows = pack_documents(documents, tokenizer, row_tokens=32)
    assert rows.shape == (len(stream) // 32, 32)
    assert rows.ravel().tolist() == stream[: rows.size]


def test_nothing_is_padded(documents, tokenizer):
    assert tokenizer.pad_token_id not in pack_documents(documents, tokenizer, row_tokens=32)


def test_too_little_text_for_one_row_is_an_error(tokenizer):
    with pytest.raises(ModelError, match="too few for a row of 32"):
        pack_documents(["The dog sleeps."], tokenizer, row_tokens=32)


@pytest.mark.parametrize(("n_rows", "rows_per_step"), [(12, 4), (10, 4), (3, 7)])
def test_every_pass_reads_every_row_once_in_an_order_of_its_own(n_rows, rows_per_step):
    n_steps = -(-3 * n_rows // rows_per_step)
    picks = [pick_rows(n_rows, step=s, rows_per_step=rows_per_step, seed=5) for s in range(n_steps)]
    drawn = np.concatenate(picks)[: 3 * n_rows].reshape(3, n_rows)
    for one_pass in drawn:
        assert sorted(one_pass) == list(range(n_rows))
    assert len({tuple(one_pass) for one_pass in drawn}) > 1


def test_a_step_picks_the_same_rows_whoever_asks():
    assert (
        pick_rows(100, step=7, rows_per_step=8, seed=1) == pick_rows(100, step=7, rows_per_step=8, seed=1)
    ).all()
    assert (
        pick_rows(100, step=7, rows_per_step=8, seed=1) != pick_rows(100, step=7, rows_per_step=8, seed=2)
    ).any()
