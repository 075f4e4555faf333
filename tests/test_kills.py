"""Drivers that are killed with kill -9, again and again: `tuner resume` loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from kills import Attack
from ledger import Ledger
from support import Start

KILLS = 20


@pytest.mark.faults
@pytest.mark.proof
def test_a_driver_that_is_killed_twenty_times_loses_nothing(start: Start, tmp_path: Path, ledger: Ledger) -> None:
    counts = Attack(start, tmp_path, seed=1).run(KILLS)
    print(counts)
    ledger.enter("the driver killed with kill -9", counts.kills.total(), counts.found, counts.seconds)
    assert counts.found.wrong == []
    assert counts.kills.total() == KILLS
    assert len(counts.kills) >= 4, "kinds of moments"
