"""What ends a sweep early: real signals, to this process and to groups of processes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.common import read_runs, wait_for_epochs
from support.process_groups import Terminal, group, no_processes, of_sweep

from tuner.execution.signals import TUNES, Stop


@pytest.fixture
def stop() -> Iterator[Stop]:
    stop = Stop()
    with stop.listening():
        yield stop


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_and_says_which_it_was(stop: Stop, sent: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(sent)
    assert (stop.asked, stop.name, stop.status) == (True, sent.name, 128 + sent)
    assert stop.urgent == (sent != signal.SIGINT)


def test_the_second_sigterm_of_timeout_is_the_same_stop_and_a_second_ctrl_c_is_not(stop: Stop) -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    for again in (signal.SIGTERM, signal.SIGHUP):
        signal.raise_signal(again)
    assert stop.name == "SIGTERM"
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_python_has_swallowed_is_not_forgotten(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Going:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    stop.check()
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    Going()
    with pytest.raises(KeyboardInterrupt):
        stop.check()


def test_what_must_not_be_broken_off_is_not(stop: Stop) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), stop.deferred():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done.append("all")
    assert done == ["all"]
    with stop.deferred():  # it was asked before, and is told once
        signal.raise_signal(signal.SIGINT)


def test_ray_tune_is_told_once_and_not_after_its_run(stop: Stop) -> None:
    told = []
    with stop.tune_running():
        signal.signal(TUNES, lambda *_: told.append("run"))  # as Tune does, and never takes it back
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert told == ["run"]
    late = Stop()
    with late.listening(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert told == ["run"]


def test_what_was_ignored_stays_so_but_for_sigterm() -> None:
    before = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGHUP)}
    try:
        stop = Stop()
        with stop.listening():
            for ignored in before:
                signal.raise_signal(ignored)
            assert not stop.asked
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_sigterm_to_the_whole_group_lets_the_trials_save_themselves_and_leaves_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    arguments = ("sweep", "digits", "cnn", "--trials", "4", "--max-epochs", "50", "--name", "x")
    process = group(environment, tmp_path, *arguments)
    with of_sweep(process, tmp_path):
        wait_for_epochs(tmp_path, 4, process)
        for _ in range(2):  # as `timeout` does
            os.killpg(process.pid, signal.SIGTERM)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 143, err
        assert err.splitlines()[-1] == "stopped (SIGTERM); to continue: tuner resume x"
        assert "tuner resume x" in out
        assert no_processes(tmp_path)
    assert {run.info.status for run in read_runs(f"sqlite:///{tmp_path}/runs/mlflow.db", "digits-cnn")} == {"KILLED"}
    assert list(tmp_path.glob("runs/x/trials/*/checkpoint.pt"))


def test_a_terminal_that_is_closed_ends_a_training_that_can_go_on(environment: dict[str, str], tmp_path: Path) -> None:
    arguments = ("train", "digits", "cnn", "--epochs", "2000", "--cpus", "1", "--name", "x")
    with Terminal(environment, tmp_path, *arguments) as terminal:
        wait_for_epochs(tmp_path, 2, terminal.process)
        terminal.close()
        assert terminal.process.wait(60) == 129
    assert {run.info.status for run in read_runs(f"sqlite:///{tmp_path}/runs/mlflow.db", "digits-cnn")} == {"KILLED"}
    assert not (tmp_path / "runs/x/error.txt").exists()
