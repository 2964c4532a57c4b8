import pytest

from polysteer.builtin.model.training_plan import TrainingPlan
from polysteer.errors import ModelError


def test_learning_rate_by_hand():
    plan = TrainingPlan(n_steps=110, warmup_steps=10, peak_learning_rate=1.0)
    assert plan.learning_rate(0) == pytest.approx(0.1)
    assert plan.learning_rate(9) == pytest.approx(1.0)
    assert plan.learning_rate(10) == pytest.approx(1.0)
    assert plan.learning_rate(60) == pytest.approx(0.55)
    assert plan.learning_rate(110) == pytest.approx(0.1)


def test_revisions_stand_at_shares_of_the_run():
    assert TrainingPlan(n_steps=200, revision_shares=(0.05, 0.5)).revision_steps == (10, 100)


def test_a_run_too_short_for_its_revisions_is_refused():
    with pytest.raises(ModelError, match=r"19 steps are too few.*train for 20 or more"):
        TrainingPlan(n_steps=19, revision_shares=(0.05, 0.5))


def test_a_width_that_heads_cannot_share_is_refused():
    with pytest.raises(ModelError, match="width of 100 cannot be shared by 3 heads"):
        TrainingPlan(width=100, n_heads=3)
