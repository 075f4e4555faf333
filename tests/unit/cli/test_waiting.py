"""Whether a command ends before its report is drawn: on a terminal, and nowhere else."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import NoReturn

import pytest
from support.common import Typed

from tuner.cli.waiting import leaves_report
from tuner.core.callback import Callback, Callbacks
from tuner.core.errors import TunerError


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """stdin and stdout are a terminal."""
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(sys, name, SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(os, "getpid", lambda: 4321)
    monkeypatch.setattr(os, "getppid", lambda: 1234)


def test_on_a_terminal_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    open_terminal(monkeypatch)
    assert leaves_report(wait=False, as_json=False)
    assert not leaves_report(wait=True, as_json=False)
    assert not leaves_report(wait=False, as_json=True)


@pytest.mark.parametrize("stream", ["stdin", "stdout"])
@pytest.mark.parametrize("other", [None, SimpleNamespace(isatty=lambda: False)])
def test_in_a_script_or_a_pipe_it_waits(stream: str, other: object, monkeypatch: pytest.MonkeyPatch) -> None:
    open_terminal(monkeypatch)
    monkeypatch.setattr(sys, stream, other)
    assert not leaves_report(wait=False, as_json=False)


@pytest.mark.parametrize(("name", "number"), [("getpid", 1), ("getppid", 1), ("getppid", 0)])
def test_the_first_process_of_a_container_waits(name: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    open_terminal(monkeypatch)
    monkeypatch.setattr(os, name, lambda: number)
    assert not leaves_report(wait=False, as_json=False)


@pytest.mark.usefixtures("sweep")
@pytest.mark.parametrize(
    ("words", "called"),
    [
        (["sweep", "digits", "cnn"], "sweep"),
        (["train", "digits", "cnn"], "sweep"),
        (["resume", "demo"], "resume"),
        (["resume", "demo", "--trials", "9"], "grow"),
        (["confirm", "demo"], "confirm"),
    ],
)
def test_wait_reaches_the_engine(words: list[str], called: str, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(*_: object, callbacks: list[Callback], **__: object) -> NoReturn:
        raise TunerError(f"leaves the report: {Callbacks(callbacks).leaves_report}")

    monkeypatch.setattr(f"tuner.sweeps.api.{called}", tell)
    monkeypatch.setattr("tuner.cli.printer.leaves_report", lambda *, wait, as_json: not wait and not as_json)
    assert typed(*words)[2].endswith("error: leaves the report: True\n")
    assert typed(*words, "--wait")[2].endswith("error: leaves the report: False\n")
    assert typed(*words, "--json")[2].endswith("error: leaves the report: False\n")
