"""A sweep that cannot end as it should ends all the same, and says the right thing."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.common import make_config
from support.made_up_search import Recorder, study_of

from tuner.core.callback import Callback
from tuner.core.errors import SweepError
from tuner.core.outcome import Outcome
from tuner.core.sweep_folder import SweepFolder
from tuner.execution.signals import Stop
from tuner.sweeps.lock import last_driver, lock_sweep
from tuner.sweeps.shutdown import Shutdown
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.runs import MlflowSweep


class Gone(BaseException):
    """The process has ended."""


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The statuses with which it has."""
    found: list[int] = []

    def leave(status: int) -> None:
        found.append(status)
        raise Gone

    monkeypatch.setattr(os, "_exit", leave)
    return found


class ClosedPipe(Callback):
    """Prints to a pipe that nobody reads any more."""

    def on_sweep_end(self, outcome: Outcome) -> None:
        raise BrokenPipeError


@contextmanager
def shutting_down(folder: Path, callback: Callback, stop: Stop | None = None) -> Iterator[Shutdown]:
    """The way out of a sweep in this folder whose tracker has not been started."""
    study = study_of(make_config(), folder)
    tracker = BackgroundTracker(never, study.record)
    with lock_sweep(folder) as lock:
        yield Shutdown(SweepFolder(folder), study.records, tracker, lock, stop or Stop(), callback)


def give_up(folder: Path, *, stopped: bool, halted: str = "", callback: Callback) -> int:
    """A sweep gives up, and tells the callback. How often Ray was killed."""
    killed = 0

    def kill() -> None:
        nonlocal killed
        killed += 1

    def interrupted(unsent: str) -> Outcome:
        return Outcome(config=config, folder=folder, records=(), winner=None, seconds=1.0, unsent=unsent)

    config, stop = make_config(), Stop()
    if stopped:
        with pytest.raises(KeyboardInterrupt):
            stop.ask()
    with shutting_down(folder, callback, stop) as shutdown:
        shutdown.interrupted = interrupted
        shutdown.halted = halted
        with pytest.raises(Gone):
            shutdown.give_up("Ray does not end", kill)
    return killed


def never(_: Callable[[], None]) -> MlflowSweep:
    """The connection of a tracker that has not been started."""
    raise AssertionError


def test_a_stop_is_summed_up(tmp_path: Path, exits: list[int]) -> None:
    recorder = Recorder()
    assert give_up(tmp_path, stopped=True, callback=recorder) == 1
    assert (recorder.errors, exits) == ([], [130])
    [outcome] = recorder.outcomes
    assert outcome.unsent == "the sweep stopped before that"
    assert not SweepFolder(tmp_path).error.exists()


def test_an_error_is_told_and_noted(tmp_path: Path, exits: list[int]) -> None:
    recorder = Recorder()
    assert give_up(tmp_path, stopped=False, callback=recorder) == 1
    assert recorder.errors == [f"Ray does not end; to continue: tuner resume {tmp_path.name}"]
    assert (recorder.outcomes, exits) == ([], [1])
    assert SweepFolder(tmp_path).error.read_text().startswith("Ray does not end")


def test_what_a_disk_has_ended_is_no_stop_though_it_was_asked_to_save_itself(tmp_path: Path, exits: list[int]) -> None:
    recorder = Recorder()
    assert give_up(tmp_path, stopped=True, halted="the disk is full: x", callback=recorder) == 1
    assert recorder.errors == ["the disk is full: x"]
    assert (recorder.outcomes, exits) == ([], [1])


def test_a_closed_pipe_keeps_nothing_from_its_end(tmp_path: Path, exits: list[int]) -> None:
    assert give_up(tmp_path, stopped=True, callback=ClosedPipe()) == 1
    assert exits == [130]
    driver = last_driver(tmp_path)
    assert driver is not None
    assert driver.ended


def failure(folder: Path, error: Exception, cause: Exception | None = None) -> tuple[str, str]:
    """What a sweep says that fails with this error, and what it notes in its folder."""
    with pytest.raises(SweepError) as told, shutting_down(folder, Callback()) as shutdown, shutdown.closing():
        raise error from cause
    return str(told.value), SweepFolder(folder).error.read_text().strip()


def test_a_full_disk_is_told_as_that_unless_the_error_has_words_of_its_own(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "study.log")
    told, noted = failure(tmp_path, ValueError("odd"), full)
    assert told == noted
    assert told.startswith("the disk is full: study.log; every trial is kept as last saved")
    assert (
        failure(tmp_path, SweepError("Ray cannot start: set RAY_TMPDIR"), full)
        == ("Ray cannot start: set RAY_TMPDIR",) * 2
    )
