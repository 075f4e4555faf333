"""A clock that is set while a sweep runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.common import Start

from faults.clocks import JUMPS, TRIALS, set_the_clock
from faults.ledger import Ledger


@pytest.mark.faults
@pytest.mark.proof
def test_a_sweep_survives_a_clock_that_is_set_back_and_forth(start: Start, tmp_path: Path, ledger: Ledger) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    counts = set_the_clock(start, tmp_path, compiler)
    ledger.enter("the clock set back and forth", counts.jumps, counts.found)
    assert counts.wrong == []
    assert (counts.jumps, counts.found.trials) == (len(JUMPS), TRIALS)
