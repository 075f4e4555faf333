"""`tuner status` of a sweep that has run."""

from __future__ import annotations

from pathlib import Path

from support.common import Command, Finished, Typed

from tuner.core.score_text import score_text
from tuner.core.scores import Interval
from tuner.execution.jobs.address import Submitted


def test_a_finished_sweep_has_its_test_score_and_date_also_with_watch(tuner: Command, finished: Finished) -> None:
    name = finished.sweep.name
    shown = [tuner("status", *more, folder=finished.folder, COLUMNS="20").stdout for more in ([], ["--watch"])]
    assert shown[0] == shown[1]
    [line] = [line for line in shown[0].splitlines() if name in line]
    test = finished.result["test"]
    assert score_text(test["accuracy"], Interval(*test["accuracy_interval"])) in line
    assert "finished" in shown[0].splitlines()[0]


def test_a_home_whose_sweeps_are_all_on_a_cluster_lists_that_alone(typed: Typed, home: Path) -> None:
    assert typed("status")[1].startswith(f"There are no sweeps in {home} yet.")
    address = "http://127.0.0.1:9"  # where nobody answers
    Submitted(name="x", address=address, job="tuner-x").save(home)
    code, out, err = typed("status")
    assert (code, out) == (0, f"on {address}:\n")
    assert address in err
