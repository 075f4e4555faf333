"""A sweep that cannot end as it should ends all the same, and says the right thing."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console
from support.common import make_config

from tuner.core.sweep_folder import SweepFolder
from tuner.execution.signals import Stop
from tuner.search.study import Study
from tuner.sweeps.lock import last_driver, lock_sweep
from tuner.sweeps.shutdown import Shutdown


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


def give_up(folder: Path, *, stopped: bool, halted: str = "", closed: bool = False) -> tuple[str, list[str], int]:
    """What is printed, which outcomes are left, and how often Ray was killed."""
    said, left, killed = io.StringIO(), list[str](), 0

    def leave(unsent: str) -> None:
        if closed:
            raise BrokenPipeError
        left.append(unsent)

    def kill() -> None:
        nonlocal killed
        killed += 1

    study = Study(SweepFolder(folder).journal, make_config().search_space(), seed=0, trials=12)
    stop = Stop()
    if stopped:
        with pytest.raises(KeyboardInterrupt):
            stop.ask()
    with lock_sweep(folder) as held:
        ending = Shutdown(stop, study, held, Console(file=said, width=300), folder, leave)
        ending.halted = halted
        with pytest.raises(Gone):
            ending.give_up("Ray does not end", kill)
    return said.getvalue(), left, killed


def test_a_stop_is_summed_up(tmp_path: Path, exits: list[int]) -> None:
    said, left, killed = give_up(tmp_path, stopped=True)
    assert (said.count("stopped"), len(left), killed, exits) == (0, 1, 1, [130])
    assert not SweepFolder(tmp_path).error.exists()


def test_an_error_is_told_and_noted(tmp_path: Path, exits: list[int]) -> None:
    said, left, killed = give_up(tmp_path, stopped=False)
    assert said.endswith(f"error: Ray does not end; to continue: tuner resume {tmp_path.name}\n")
    assert (left, killed, exits) == ([], 1, [1])
    assert SweepFolder(tmp_path).error.read_text().startswith("Ray does not end")


def test_what_a_disk_has_ended_is_no_stop_though_it_was_asked_to_save_itself(tmp_path: Path, exits: list[int]) -> None:
    said, left, killed = give_up(tmp_path, stopped=True, halted="the disk is full: x")
    assert said.endswith("error: the disk is full: x\n")
    assert (left, killed, exits) == ([], 1, [1])


def test_a_closed_pipe_keeps_nothing_from_its_end(tmp_path: Path, exits: list[int]) -> None:
    assert give_up(tmp_path, stopped=True, closed=True)[1:] == ([], 1)
    assert exits == [130]
    driver = last_driver(tmp_path)
    assert driver is not None
    assert driver.ended
