"""How long a sweep and its confirmation take, apart from each other, also when the sweep was finished before."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tuner.core.files import write_checked_json
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock shows."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_the_confirmation_at_the_end_of_a_sweep_is_not_part_of_its_time(clock: list[float]) -> None:
    stopwatch = Stopwatch(began=clock[0])
    clock[0] += 10
    assert (stopwatch.seconds, stopwatch.confirmed) == (10, None)
    with stopwatch.confirming():
        clock[0] += 5
    clock[0] += 1
    assert (stopwatch.seconds, stopwatch.confirmed) == (11, 5)


def test_a_finished_sweep_keeps_its_time(tmp_path: Path, clock: list[float]) -> None:
    folder = SweepFolder(tmp_path)
    write_checked_json(folder.result, {"seconds": 42.0})  # as an earlier version wrote it
    stopwatch = Stopwatch.of(folder)
    with stopwatch.confirming():
        clock[0] += 7
    assert (stopwatch.seconds, stopwatch.confirmed) == (42, 7)
