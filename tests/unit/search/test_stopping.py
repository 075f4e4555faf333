"""The time budget of a search, which is one for all runs of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.common import make_config

from tuner.search.space_file import space_of
from tuner.search.stopping import NOTE_S, TimeBudget
from tuner.search.study import Study
from tuner.search.study_reader import StudyReader


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def later(seconds: float) -> None:
        now[0] += seconds

    return later


def begin(folder: Path, seconds: float | None) -> TimeBudget:
    """A process that begins, or goes on, without a word of the one before it."""
    config = make_config(time_budget=seconds)
    study = Study(folder / "study.log", space_of(config), seed=0, trials=config.trials)
    return TimeBudget(seconds, study)


def test_a_search_that_goes_on_has_what_is_left(tmp_path: Path, wait: Callable[[float], None]) -> None:
    first = begin(tmp_path, 100.0)
    assert (first.over, first.begun) == (False, "")
    for _ in range(60):
        wait(1)
        first.note()
    wait(5000)  # until somebody types `tuner resume`
    second = begin(tmp_path, 100.0)
    assert second.begun == "40 s of the time budget of 2 min are left"
    wait(39)
    assert not second.over
    second.note()
    wait(1)
    assert second.over
    third = begin(tmp_path, 100.0)
    assert third.begun == "1 s of the time budget of 2 min are left"
    wait(NOTE_S)
    third.note()
    fourth = begin(tmp_path, 100.0)
    assert (fourth.over, fourth.begun) == (True, "the time budget of 2 min is spent")
    assert StudyReader(tmp_path / "study.log").spent() == (60.0, 39.0, NOTE_S, 0.0)


def test_without_a_limit_nothing_is_remembered(tmp_path: Path, wait: Callable[[float], None]) -> None:
    budget = begin(tmp_path, None)
    wait(1e9)
    budget.note()
    assert (budget.over, budget.begun) == (False, "")
    assert StudyReader(tmp_path / "study.log").spent() == ()
