"""Large numbers as people read them."""

import pytest

from tuner.core.units import format_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (850, "850"),
        (999.6, "1000"),
        (1_000, "1.0 k"),
        (9_960, "10 k"),
        (61_706, "62 k"),
        (100_000, "0.10 M"),
        (270_000, "0.27 M"),
        (994_999, "0.99 M"),
        (995_000, "1.0 M"),
        (1_226_122, "1.2 M"),
        (82_000_000, "82 M"),
        (138_357_544, "138 M"),
        (15_500_000_000, "16 G"),
        (3e12, "3.0 T"),
    ],
)
def test_two_digits_and_a_prefix(value: float, text: str) -> None:
    assert format_number(value) == text


def test_a_unit_follows_the_prefix() -> None:
    assert format_number(1_130_000, "B") == "1.1 MB"
    assert format_number(850, "B") == "850 B"
