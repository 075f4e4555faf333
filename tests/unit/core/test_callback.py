"""Callbacks: each is told of everything, in their order."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config, make_record

from tuner.core.callback import Callback, Callbacks
from tuner.core.outcome import Outcome
from tuner.core.summary import Summary

RECORD = make_record(0, "RUNNING", {})
OUTCOME = Outcome(config=make_config(), folder=Path("demo"), records=(), winner=None, seconds=1.0)


def nothing_yet() -> Summary:
    return Summary(counts={}, epochs=0, expected=1, best=None, live=(), left=None)


CALLS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "on_sweep_begin": ((make_config(),), {"confirms": True}),
    "on_phase": (("Starting Ray",), {}),
    "on_note": (("a line",), {"warning": False}),
    "on_trial_begin": ((RECORD,), {}),
    "on_trial_report": ((0, {"epoch": 1.0, "time": 2.0}), {}),
    "on_trial_end": ((RECORD,), {}),
    "on_tick": ((nothing_yet,), {}),
    "on_search_end": ((), {}),
    "on_sweep_end": ((OUTCOME,), {}),
    "on_sweep_error": (("it broke",), {}),
}


class Listing(Callback):
    """Enters every call in a list that several share."""

    def __init__(self, name: str, calls: list[tuple[Any, ...]]) -> None:
        self.name = name
        self.calls = calls

    def __getattribute__(self, method: str) -> Any:
        if not method.startswith("on_"):
            return super().__getattribute__(method)
        return lambda *args, **options: self.calls.append((self.name, method, args, options))


def methods(kind: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if name.startswith("on_")}


def test_every_method_is_tried_here_and_passed_on() -> None:
    assert methods(Callback) == set(CALLS)
    assert {name for name in vars(Callbacks) if name.startswith("on_")} == set(CALLS), "one that is not told is lost"


@pytest.mark.parametrize("method", CALLS)
def test_all_are_told_in_their_order_with_what_was_said(method: str) -> None:
    calls: list[tuple[Any, ...]] = []
    events = Callbacks([Listing("a", calls), Listing("b", calls)])
    events.add(Listing("c", calls))
    arguments, options = CALLS[method]
    getattr(events, method)(*arguments, **options)
    assert calls == [(name, method, arguments, options) for name in "abc"]


@pytest.mark.parametrize("method", CALLS)
def test_a_callback_that_overrides_nothing_does_nothing(method: str) -> None:
    arguments, options = CALLS[method]
    assert getattr(Callback(), method)(*arguments, **options) is None
    assert getattr(Callbacks(), method)(*arguments, **options) is None


def test_a_note_is_a_warning_unless_it_is_said_not_to_be() -> None:
    calls: list[tuple[Any, ...]] = []
    Callbacks([Listing("a", calls)]).on_note("a line")
    assert calls == [("a", "on_note", ("a line",), {"warning": True})]


def test_a_phase_lasts_as_long_as_its_block_and_one_without_a_text_is_not_told() -> None:
    calls: list[tuple[Any, ...]] = []
    events = Callbacks([Listing("a", calls)])
    with events.phase(""):
        assert calls == []
    assert calls == []
    with events.phase("Starting Ray"):
        assert [arguments[0] for _, _, arguments, _ in calls] == ["Starting Ray"]
    assert [arguments[0] for _, _, arguments, _ in calls] == ["Starting Ray", ""]


def test_a_phase_ends_on_an_error() -> None:
    calls: list[tuple[Any, ...]] = []
    events = Callbacks([Listing("a", calls)])
    with pytest.raises(OSError, match="it broke"), events.phase("Starting Ray"):
        raise OSError("it broke")
    assert [arguments[0] for _, _, arguments, _ in calls] == ["Starting Ray", ""]
