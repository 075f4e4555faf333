"""Drivers that are killed with kill -9, again and again: `tuner resume` loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.kills import MOMENTS, Attack
from faults.ledger import Ledger

TIMES = 3


@pytest.mark.faults
@pytest.mark.proof
def test_a_driver_that_is_killed_twenty_one_times_loses_nothing(
    environment: dict[str, str], tmp_path: Path, ledger: Ledger
) -> None:
    counts = Attack(environment, tmp_path, seed=1).run(TIMES)
    print(counts)
    ledger.enter("the driver killed with kill -9", counts.kills.total(), counts.found, counts.seconds)
    assert counts.found.wrong == []
    assert counts.kills == dict.fromkeys(MOMENTS, TIMES)
