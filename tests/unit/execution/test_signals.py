"""What ends a sweep early: real signals, to this process and to groups of processes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest

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
