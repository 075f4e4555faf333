"""What a user's process makes of what the process of the sweep tells, and of its silence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tuner.core.errors import SweepError, TunerError
from tuner.core.grow_request import GrowRequest
from tuner.python.engine import carry_out
from tuner.python.order import ResumeOrder
from tuner.python.views import View

ORDER = ResumeOrder(name="s", more=GrowRequest())


class Seen(View):
    """Remembers what was shown."""

    def __init__(self) -> None:
        self.messages: list[Mapping[str, Any]] = []

    def show(self, message: Mapping[str, Any]) -> None:
        self.messages.append(message)


def tell(messages: list[dict[str, Any]], status: int, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Carries out an order by a program that reads it, tells these messages and ends with this status."""
    lines = "".join(f"{json.dumps(each)}\n" for each in messages)
    program = Path("told.sh")
    program.write_text(f"#!/bin/sh\ncat > /dev/fd/$4 <<'END'\n{lines}END\nexit {status}\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program.absolute()))
    seen = Seen()
    assert carry_out(ORDER, seen) == "s"
    return seen


def test_what_happens_is_shown_and_the_name_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    note = {"note": "a line", "warning": True}
    seen = tell([{"begun": "s", "lines": ["s: 2 trials"]}, note, {"end": "s"}], 0, monkeypatch)
    assert note in seen.messages
    assert seen.messages[-1] == {"phase": "", "progress": None}  # the view was left


@pytest.mark.parametrize(
    ("kind", "error"),
    [("TunerError", TunerError), ("SweepError", SweepError), ("KeyboardInterrupt", KeyboardInterrupt)],
)
def test_an_error_is_raised_as_what_it_was(
    kind: str, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(error, match="the line"):
        tell([{"error": "the line", "kind": kind}], 1, monkeypatch)


def test_a_process_that_ends_without_a_word_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SweepError, match="ended with exit status 3, without a word"):
        tell([], 3, monkeypatch)
