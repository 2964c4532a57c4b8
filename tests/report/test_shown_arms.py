"""How the arms stand side by side."""

from polysteer.arms import ARMS
from polysteer.report.shown_arms import name_arm, order_arms


def test_what_the_list_lacks_goes_under_its_own_name_and_last():
    assert name_arm("brand_new") == "brand_new"
    assert order_arms(["brand_new", "surface", "baseline @b", "baseline @a"]) == [
        "baseline @b",
        "baseline @a",
        "surface",
        "brand_new",
    ]


def test_arms_are_shown_by_their_titles_and_in_their_order():
    keys = [arm.key for arm in ARMS]
    assert order_arms(reversed(keys)) == keys
    assert [name_arm(key) for key in keys] == [arm.title for arm in ARMS]


def test_the_best_draw_stands_below_the_mean_of_all():
    keys = order_arms(["best_random", *(arm.key for arm in ARMS)])
    assert keys[keys.index("best_random") - 1] == "random_neurons"
    assert name_arm("best_random") == "random, best"
