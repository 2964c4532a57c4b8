"""Set operations beside Python's own sets of (site, block, unit)."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysteer.errors import MaskError
from polysteer.masks import ExpertMask, MaskMetadata
from polysteer.masks.sets import (
    compare_masks,
    intersect_masks,
    measure_overlaps,
    subtract_masks,
    unite_masks,
)
from polysteer.masks.summary import best_neurons, count_by_block

SITES = ("attn.out", "mlp.hidden", "mlp.out")
NEURONS = st.tuples(st.sampled_from(SITES), st.integers(0, 2), st.integers(0, 4))


def make_mask(neurons, *, language="ja", offset=0.0, **known):
    """A mask of these neurons whose scores and values can be told from the neuron and the offset."""
    sites = sorted({site for site, _, _ in neurons}, reverse=language == "en")
    rows = sorted((sites.index(site), block, unit) for site, block, unit in neurons)
    site, block, unit = (np.array(column) for column in zip(*rows, strict=True))
    facts = {"score": "ap", "value_statistic": "token_median", "k": 0.1} | known
    metadata = MaskMetadata(
        language=language, sites=sites, experts="own", intervention="set", n_blocks=3, **facts
    )
    score = offset + block + unit / 10
    return ExpertMask(
        metadata,
        site.astype(np.uint8),
        block.astype(np.int32),
        unit.astype(np.int32),
        score.astype(np.float32),
        (10 * score).astype(np.float32),
    )


def neurons_of(mask):
    sites = [mask.metadata.sites[site] for site in mask.site]
    return set(zip(sites, mask.block.tolist(), mask.unit.tolist(), strict=True))


def rows_of(mask):
    sites = [mask.metadata.sites[site] for site in mask.site]
    keys = zip(sites, mask.block.tolist(), mask.unit.tolist(), strict=True)
    return dict(zip(keys, zip(mask.score.tolist(), mask.value.tolist(), strict=True), strict=True))


SETS = st.sets(NEURONS, min_size=1, max_size=30)


@given(a=SETS, b=SETS, c=SETS)
def test_set_operations_agree_with_pythons_sets(a, b, c):
    first, second, third = make_mask(a), make_mask(b, language="en", offset=5), make_mask(c, offset=9)
    united = unite_masks(first, second, third)
    assert neurons_of(united) == a | b | c
    assert rows_of(united) == rows_of(third) | rows_of(second) | rows_of(first)
    for operation, due in ((intersect_masks, a & b & c), (subtract_masks, a - b - c)):
        if due:
            result = operation(first, second, third)
            assert neurons_of(result) == due
            assert rows_of(result) == {neuron: rows_of(first)[neuron] for neuron in due}
        else:
            with pytest.raises(MaskError, match="no neuron is left"):
                operation(first, second, third)


@given(a=SETS, b=SETS)
def test_overlap_agrees_with_pythons_sets(a, b):
    first, second = make_mask(a), make_mask(b, language="en")
    found = compare_masks(first, second)
    assert tuple(found.total) == (len(a), len(b), len(a & b))
    assert found.total.jaccard == len(a & b) / len(a | b)
    by_place = {(part.site, part.block): tuple(part.overlap) for part in found.by_block}
    for site, block in {neuron[:2] for neuron in a | b}:
        here = [{neuron for neuron in side if neuron[:2] == (site, block)} for side in (a, b, a & b)]
        assert by_place.pop((site, block)) == tuple(map(len, here))
    assert not by_place
    matrix = measure_overlaps([first, second, first])
    assert np.allclose(matrix[0], [1, found.total.jaccard, 1])
    assert (matrix == matrix.T).all()


@given(a=SETS)
def test_counts_and_best_neurons_agree_with_a_loop(a):
    mask = make_mask(a)
    for count in count_by_block(mask):
        assert count.n_neurons == sum(neuron[:2] == (count.site, count.block) for neuron in a)
        assert count.share is None
    assert sum(count.n_neurons for count in count_by_block(mask)) == len(a)
    by_score = sorted(rows_of(mask).items(), key=lambda row: (-row[1][0], row[0]))
    assert [((n.site, n.block, n.unit), (n.score, n.value)) for n in best_neurons(mask, 5)] == by_score[:5]


def test_what_the_masks_do_not_agree_on_is_not_known_of_their_union():
    a, b = {("mlp.out", 0, 1)}, {("mlp.out", 0, 2)}
    first = make_mask(a, width_by_site={"mlp.out": 5}, model_id="x/base")
    second = make_mask(b, language="en", width_by_site={"mlp.out": 5}, model_id="x/chat", score="auroc")
    united = unite_masks(first, second)
    assert united.metadata.language == "ja+en"
    assert united.metadata.width_by_site == {"mlp.out": 5}
    assert united.metadata.model_id is None
    assert united.metadata.k is None
    assert united.score is None
    assert united.value is not None
    assert "ja (own, ap, k 0.1)" in (united.metadata.notes or "")


def test_a_union_survives_its_file(tmp_path):
    united = unite_masks(make_mask({("mlp.out", 0, 1)}), make_mask({("attn.out", 1, 2)}, language="en"))
    united.save(tmp_path / "both.safetensors")
    assert rows_of(ExpertMask.load(tmp_path / "both.safetensors")) == rows_of(united)


def test_masks_that_do_different_things_need_a_word():
    first, second = make_mask({("mlp.out", 0, 1)}), make_mask({("mlp.out", 0, 2)})
    ablating = replace(second, metadata=second.metadata.model_copy(update={"intervention": "ablate"}))
    with pytest.raises(MaskError, match="ablate, set"):
        unite_masks(first, ablating)
    assert unite_masks(first, ablating, intervention="ablate").metadata.intervention == "ablate"


@pytest.mark.parametrize(
    ("known", "complaint"),
    [
        ({"model_family": "gpt2"}, "model_family is llama for ja and gpt2 for en"),
        ({"shape_fingerprint": "b" * 16}, "shape_fingerprint is a{16} for ja and b{16}"),
        ({"width_by_site": {"mlp.out": 6}}, "width of mlp.out is 5 for ja and 6"),
    ],
)
def test_masks_of_models_of_different_shapes_are_not_mixed(known, complaint):
    own = {"model_family": "llama", "shape_fingerprint": "a" * 16, "width_by_site": {"mlp.out": 5}}
    first = make_mask({("mlp.out", 0, 1)}, **own)
    second = make_mask({("mlp.out", 0, 1)}, language="en", **known)
    for operation in (unite_masks, intersect_masks, subtract_masks, compare_masks):
        with pytest.raises(MaskError, match=complaint):
            operation(first, second)
