"""Sweeps that are stopped in every way, again and again: nothing is lost, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.ledger import Ledger
from faults.stops import WAYS, Stopper


@pytest.mark.faults
@pytest.mark.proof
def test_a_sweep_that_is_stopped_in_every_way_loses_nothing(
    environment: dict[str, str], tmp_path: Path, ledger: Ledger
) -> None:
    stopper = Stopper(environment, tmp_path)
    stopper.stop()
    counts = stopper.counts
    ledger.enter("a sweep stopped by a signal, or its Ray killed", counts.kills.total(), counts.found)
    assert counts.found.wrong == []
    assert sorted(counts.kills.elements()) == sorted(WAYS)
