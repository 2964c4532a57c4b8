from dataclasses import dataclass, replace

import numpy as np
import pytest

from polysteer.errors import InterventionError, MaskError


@dataclass(frozen=True)
class SomeShape:
    family: str = "llama"
    n_blocks: int = 3
    width_by_site: tuple = (("attn.out", 8), ("mlp.out", 20), ("block.out", 8))

    def __post_init__(self):
        object.__setattr__(self, "width_by_site", dict(self.width_by_site))


def apply(edits, site, block, x):
    """A loop over single neurons."""
    y = x.copy()
    for edit in edits:
        if (edit.site, edit.block) == (site, block):
            for unit, gain, shift in zip(edit.units, edit.gain, edit.shift, strict=True):
                y[unit] = gain * x[unit] + shift
    return y


def test_set_holds_every_neuron_at_its_value(mask):
    x = np.linspace(-1, 1, 20)
    edits = mask.edits()
    assert [(edit.site, edit.block) for edit in edits] == [
        ("attn.out", 0),
        ("attn.out", 2),
        ("mlp.out", 0),
        ("mlp.out", 2),
    ]
    y = apply(edits, "attn.out", 0, x[:8])
    assert y[[1, 7]].tolist() == [1.0, -2.0]
    assert np.delete(y, [1, 7]).tolist() == np.delete(x[:8], [1, 7]).tolist()
    assert apply(edits, "mlp.out", 0, x)[19] == 3.0


def test_strength_goes_a_part_of_the_way(mask):
    x = np.full(8, 3.0)
    assert apply(mask.edits(strength=0.25), "attn.out", 0, x)[1] == pytest.approx(0.75 * 3 + 0.25 * 1)
    assert apply(mask.edits(strength=0.0), "attn.out", 0, x).tolist() == x.tolist()


def test_ablate_takes_neurons_to_zero(mask):
    x = np.full(8, 3.0)
    assert apply(mask.edits(intervention="ablate"), "attn.out", 0, x)[[1, 7]].tolist() == [0, 0]
    halved = apply(mask.edits(intervention="ablate", strength=0.5), "attn.out", 0, x)
    assert halved[[1, 7]].tolist() == [1.5, 1.5]


def test_blocks_limit_where_it_acts(mask):
    assert {edit.block for edit in mask.edits(blocks=range(1, 3))} == {2}
    assert mask.edits(blocks=[1]) == []


def test_what_cannot_be_done_is_refused(mask):
    with pytest.raises(InterventionError, match="'shake'"):
        mask.edits(intervention="shake")
    for strength in (-0.1, 1.1, float("nan")):
        with pytest.raises(InterventionError, match="strength"):
            mask.edits(strength=strength)
    ablating = replace(mask, metadata=mask.metadata.model_copy(update={"intervention": "ablate"}), value=None)
    with pytest.raises(InterventionError, match="no values"):
        ablating.edits(intervention="set")


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [
        (SomeShape(family="gpt2"), "model_family is llama in the mask and gpt2"),
        (SomeShape(n_blocks=4), "n_blocks is 3 in the mask and 4"),
        (SomeShape(width_by_site=(("attn.out", 8), ("mlp.out", 21))), "width of mlp.out is 20 .* and 21"),
        (SomeShape(width_by_site=(("attn.out", 8),)), "site mlp.out; the model has attn.out"),
    ],
)
def test_another_shape_is_refused_naming_the_field(mask, shape, complaint):
    mask.check_fits(SomeShape())
    with pytest.raises(MaskError, match=complaint):
        mask.check_fits(shape)


def test_a_mask_of_unknown_shape_is_checked_against_the_model(mask, metadata):
    unknown = metadata.model_copy(
        update={"n_blocks": None, "width_by_site": None, "model_family": None, "model_id": None}
    )
    imported = replace(mask, metadata=unknown)
    imported.check_fits(SomeShape())
    with pytest.raises(MaskError, match="block in row 2 is 2"):
        imported.check_fits(SomeShape(n_blocks=2))
    with pytest.raises(MaskError, match="unit in row 3 is 19"):
        imported.check_fits(SomeShape(width_by_site=(("attn.out", 8), ("mlp.out", 19))))
