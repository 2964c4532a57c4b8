"""The one table of what is compared."""

from polysteer.report.methods import METHODS, identify_method, name_method, order_methods
from polysteer.store.rows import STEERING
from polysteer.terms import INTERVENTIONS


def test_every_intervention_on_neurons_is_steering():
    assert set(STEERING) == set(INTERVENTIONS)
    assert {identify_method(one) for one in INTERVENTIONS} == {"steered"}


def test_erasing_is_no_steering_wherever_it_is_done():
    assert identify_method("erase") == "erased"
    assert identify_method("erase_in_model") == "erased_in_model"


def test_what_the_table_lacks_goes_under_its_own_name_and_last():
    assert identify_method("brand_new") == "brand_new"
    assert name_method("brand_new") == "brand_new"
    assert order_methods(["brand_new", "surface", "baseline @b", "baseline @a"]) == [
        "baseline @b",
        "baseline @a",
        "surface",
        "brand_new",
    ]


def test_keys_and_names_are_used_once():
    for values in ([method.key for method in METHODS], [method.name for method in METHODS]):
        assert len(set(values)) == len(values)
