"""A clock that is set while a sweep runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from clocks import JUMPS, TRIALS, library, set_the_clock
from support import Start


@pytest.mark.proof
def test_a_sweep_survives_a_clock_that_is_set_back_and_forth(start: Start, tmp_path: Path) -> None:
    faketime = library()
    if faketime is None:
        pytest.skip("libfaketime is not installed: Debian's package faketime")
    counts = set_the_clock(start, tmp_path, faketime)
    print(counts)
    assert counts.wrong == []
    assert (counts.jumps, counts.trials) == (len(JUMPS), TRIALS)
