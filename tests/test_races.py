"""Several processes at one sweep, or at the first of many, at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest
from races import begin_while_others_look, stop_as_it_begins
from support import make_config

TIMES = 30


@pytest.fixture
def sweep(home: Path) -> Path:
    folder = home / "demo"
    folder.mkdir(parents=True)
    make_config().save(folder)
    return folder


def test_an_order_that_was_taken_is_obeyed_by_a_sweep_that_just_begins(sweep: Path) -> None:
    counts = stop_as_it_begins(sweep, TIMES)
    assert counts["ended"] == counts["obeyed"] == TIMES, counts


def test_those_who_look_whether_a_sweep_runs_do_not_keep_it_from_running(sweep: Path) -> None:
    assert begin_while_others_look(sweep, TIMES) == {"began": TIMES}
