"""Sweeps that are stopped in every way, again and again: nothing is lost, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from stops import WAYS, Stopper


@pytest.mark.proof
def test_a_sweep_that_is_stopped_in_every_way_loses_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    stopper = Stopper(environment, tmp_path)
    stopper.stop()
    print(stopper.counts)
    assert stopper.counts.lost == []
    assert sorted(stopper.counts.kills.elements()) == sorted(WAYS)
