"""`tuner status` of a sweep that has run."""

from __future__ import annotations

from support.common import Command, Finished


def test_a_finished_sweep_has_its_test_score_and_date_also_with_watch(tuner: Command, finished: Finished) -> None:
    name = finished.sweep.name
    shown = [tuner("status", *more, folder=finished.folder, COLUMNS="20").stdout for more in ([], ["--watch"])]
    assert shown[0] == shown[1]
    [line] = [line for line in shown[0].splitlines() if name in line]
    assert f"{finished.result['test']['accuracy']:.4f}" in line
    assert "finished" in shown[0].splitlines()[0]
