"""`tuner status` of a sweep that has run."""

from __future__ import annotations

from support.common import Command, Finished

from tuner.core.score_text import score_text
from tuner.core.scores import Interval


def test_a_finished_sweep_has_its_test_score_and_date_also_with_watch(tuner: Command, finished: Finished) -> None:
    name = finished.sweep.name
    shown = [tuner("status", *more, folder=finished.folder, COLUMNS="20").stdout for more in ([], ["--watch"])]
    assert shown[0] == shown[1]
    [line] = [line for line in shown[0].splitlines() if name in line]
    test = finished.result["test"]
    assert score_text(test["accuracy"], Interval(*test["accuracy_interval"])) in line
    assert "finished" in shown[0].splitlines()[0]
