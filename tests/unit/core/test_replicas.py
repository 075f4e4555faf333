"""How many replicas a text means."""

from __future__ import annotations

import pytest

from tuner.core.errors import TunerError
from tuner.core.replicas import Replicas


@pytest.mark.parametrize(("text", "least", "most"), [("1", 1, 1), ("12", 12, 12), ("1..4", 1, 4), (" 2..2 ", 2, 2)])
def test_a_number_or_two_limits(text: str, least: int, most: int) -> None:
    found = Replicas.parse(text)
    assert (found.least, found.most) == (least, most)
    assert Replicas.parse(str(found)) == found


@pytest.mark.parametrize("text", ["", "0", "0..2", "4..1", "-1", "1..", "..4", "1...4", "1.5", "two", "1001", "²"])
def test_all_else_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(
        TunerError, match=r"^--replicas '.*': write a number such as 2, or the fewest and the most: 1..4$"
    ):
        Replicas.parse(text)
