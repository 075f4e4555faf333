"""The same seed gives the same sweep, and any trial can be repeated alone, to the last digit."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.common import Command, Start

from faults.same_again import repeat_trials, sweep_twice

pytestmark = pytest.mark.proof


def test_the_same_seed_and_one_worker_give_the_same_sweep(start: Start, tmp_path: Path) -> None:
    """In other processes, beside other work, whatever is said of the threads of those that are not told."""
    counts = sweep_twice(start, tmp_path, 10, OMP_NUM_THREADS="2", PYTHONHASHSEED="7")
    print(counts)
    assert counts.other == []
    assert counts.trials == 10
    assert counts.states == {"COMPLETE", "PRUNED"}


def test_trials_of_a_sweep_of_two_workers_are_repeated_alone(tuner: Command, tmp_path: Path) -> None:
    counts, warnings = repeat_trials(tuner, tmp_path, 7, 4)
    print(counts)
    assert counts.other == []
    assert counts.trials == 4
    assert counts.states == {"COMPLETE", "PRUNED"}
    assert warnings == ""
    other = tuner("train", "digits", "cnn", "--from-trial", "x/7", folder=tmp_path)
    assert (other.returncode, other.stderr) == (2, "error: --from-trial x/7: x has the trials 0 to 6\n")
    threads = tuner("train", "digits", "cnn", "--from-trial", "x/0", "--cpus", "2", "--epochs", "1", folder=tmp_path)
    assert "to the last digit: threads 2 (it was 1)\n" in threads.stderr
