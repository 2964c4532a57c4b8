"""Numbers that differ never look alike."""

import pytest

from polysteer.numbers import write_exactly, write_size


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (0.015, "0.015"),
        (1.0, "1"),
        (0.99994, "0.99994"),
        (0.9999999, "0.9999999"),
        (1e-7, "1e-07"),
    ],
)
def test_a_number_is_as_short_as_it_can_be(value: float, text: str) -> None:
    assert write_exactly(value) == text
    assert float(text) == value


@pytest.mark.parametrize(
    ("k", "text"),
    [(1, "1"), (0.9999, "0.9999"), (1000.0, "1,000"), (1234567.0, "1,234,567"), (0.015, "0.015")],
)
def test_a_count_and_a_share_are_told_apart(k: float, text: str) -> None:
    assert write_size(k) == text
