"""The data of a sweep on a cluster of several machines, each with a network interface of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.machines import hindrance

PLACEMENT = Path(__file__).parents[1] / "benchmarks" / "placement.py"


@pytest.mark.proof
@pytest.mark.skipif(bool(hindrance()), reason=hindrance() or "networks can be made")
def test_the_data_crosses_the_network_once_for_each_machine() -> None:
    """And not once for each of two workers on it, or for each trial."""
    words = ("--machines", "3", "--slots", "2", "--trials", "40", "--megabytes", "60", "--json")
    done = subprocess.run([sys.executable, str(PLACEMENT), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    head, *others = json.loads(done.stdout)
    assert head["copies"] < 0.5
    assert head["trials"] + sum(row["trials"] for row in others) == 40
    assert max(row["trials"] for row in others) > 4, "the workers of one have trained several each"
    for row in others:  # one that was late may have trained none
        assert row["copies"] < 1.5
        assert row["copies"] >= 1 or not row["trials"]
