"""Drivers that are killed with kill -9, again and again: `tuner resume` loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from kills import Attack
from support import Start

KILLS = 20


@pytest.mark.proof
def test_a_driver_that_is_killed_twenty_times_loses_nothing(start: Start, tmp_path: Path) -> None:
    counts = Attack(start, tmp_path, seed=1).run(KILLS)
    print(counts)
    assert counts.lost == []
    assert counts.kills.total() == KILLS
    assert len(counts.kills) >= 4, "kinds of moments"
