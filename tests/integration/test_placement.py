"""The data of a sweep on a cluster of several machines, each with a network interface of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.machines import hindrance

PLACEMENT = Path(__file__).parents[1] / "benchmarks" / "placement.py"


def placed(*words: str) -> list[dict[str, float]]:
    """What the benchmark tells of each machine."""
    command = [sys.executable, str(PLACEMENT), *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, float]] = json.loads(done.stdout)
    return found


@pytest.mark.proof
@pytest.mark.skipif(bool(hindrance()), reason=hindrance() or "networks can be made")
def test_over_a_slow_network_too_the_data_comes_once() -> None:
    """It takes half a minute there; after 10 s Ray would ask another machine for it, which has it since long."""
    *_, slow = placed("--machines", "3", "--slots", "1", "--trials", "40", "--megabytes", "200", "--slow", "60")
    assert 1 <= slow["copies"] < 1.1


@pytest.mark.proof
@pytest.mark.skipif(bool(hindrance()), reason=hindrance() or "networks can be made")
def test_the_data_crosses_the_network_once_for_each_machine() -> None:
    """And not once for each of two workers on it, or for each trial."""
    head, *others = placed("--machines", "3", "--slots", "2", "--trials", "40", "--megabytes", "60")
    assert head["copies"] < 0.5
    assert head["trials"] + sum(row["trials"] for row in others) == 40
    assert max(row["trials"] for row in others) > 4, "the workers of one have trained several each"
    for row in others:  # one that was late may have trained none
        assert row["copies"] < 1.5
        assert row["copies"] >= 1 or not row["trials"]
