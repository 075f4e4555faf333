"""`tuner status`: no name is ever broken, and what has no room is left out."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from support.common import make_config, make_record

from tuner.cli import status as view
from tuner.cli.status_table import MORE, print_statuses, status_lines
from tuner.cli.sweep_tables import print_status
from tuner.core.scores import Interval
from tuner.core.summary import Summary
from tuner.sweeps.status import Status

NAMES = ("fashion_mnist-bilstm_attention-12", "digits-cnn-1")


def status(name: str, state: str, *, left: float | None = None, test: float | None = None) -> Status:
    """A sweep of 16 trials, 4 of which have ended, one of them by failing."""
    summary = Summary(
        counts={"done": 2, "pruned": 1, "failed": 1, "running": 2, "waiting": 3, "queued": 7},
        epochs=20,
        expected=60,
        best=make_record(3, "COMPLETE", {1: {"val_accuracy": 0.875, "val_loss": 0.5}}),
        live=(),
        left=left,
    )
    return Status(
        config=make_config(name=name),
        state=state,
        reason="",
        summary=summary,
        seconds=None,
        test_score=test,
        test_interval=None if test is None else Interval(0.458, 0.542),
        finished=None if test is None else 1.7e9,
    )


FOUND = [status(NAMES[0], "running", left=120.0), status(NAMES[1], "finished", test=0.5)]


def test_all_columns_are_there_where_they_have_room() -> None:
    heading, running, finished = status_lines(FOUND, 200)
    assert re.split("  +", heading) == [
        *("sweep", "state", "trials", "failed", "val acc", "test acc", "time left", "finished", "resources")
    ]
    assert re.split("  +", running) == [NAMES[0], "running", "4/16", "1", "0.8750", "2 min", "2 x 1 CPU"]
    assert re.split("  +", finished)[:6] == [NAMES[1], "finished", "4/16", "1", "0.8750", "0.50 (0.46 to 0.54)"]
    assert re.search(r"  20\d\d-\d\d-\d\d \d\d:\d\d  2 x 1 CPU$", finished)


@pytest.mark.parametrize("width", range(1, 120))
def test_at_any_width_names_are_whole_and_what_has_no_room_is_left_out(width: int) -> None:
    lines = status_lines(FOUND, width)
    assert [line.split()[0] for line in lines[1:3]] == list(NAMES)
    assert all(len(line) <= max(width, len(NAMES[0])) for line in lines[:3])
    assert (lines[3:] == ["", MORE]) is ("resources" not in lines[0])


def test_a_column_without_anything_to_show_is_left_out() -> None:
    paused = status("x", "paused")
    assert status_lines([paused], 200)[0].split() == ["sweep", "state", "trials", "failed", "val", "acc", "resources"]


def test_a_terminal_gets_whole_lines(tmp_path: Path) -> None:
    out = Console(file=StringIO(), width=40, force_terminal=True, color_system=None, soft_wrap=True)
    print_statuses(FOUND, tmp_path, out)
    assert all(name in out.file.getvalue() for name in NAMES)  # type: ignore[attr-defined]


def test_a_status_of_another_machine_is_the_same() -> None:
    told = Status.from_json(FOUND[1].to_json())
    assert (told.test_score, told.test_interval, told.finished) == (0.5, Interval(0.458, 0.542), 1.7e9)
    new = ("test_accuracy", "test_accuracy_interval", "finished")
    before = {name: value for name, value in FOUND[1].to_json().items() if name not in new}
    assert Status.from_json(before).finished is None, "a head with the version before does not tell it"


def test_all_sweeps_are_watched_until_none_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    moments = [[status("x", state)] for state in ("running", "running", "stopping", "paused")]

    def look(*_: object) -> tuple[list[Status], list[str]]:
        return moments.pop(0), []

    monkeypatch.setattr(view, "all_statuses", look)
    monkeypatch.setattr(view, "PIPED_S", 0.0)
    out, err = Console(file=StringIO(), width=200, soft_wrap=True), Console(file=sys.stderr)
    assert view.show_status(None, watch=True, as_json=False, out=out, err=err) == 0
    shown = out.file.getvalue()  # type: ignore[attr-defined]
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("x ")] == [
        "running",
        "stopping",
        "paused",
    ]


def test_where_sweeps_go_by_different_things_each_cell_names_what_it_is() -> None:
    by_loss = replace(FOUND[1], config=make_config(name="x", objective="val_loss:min"))
    goal = by_loss.config.goal
    best = replace(
        make_record(3, "COMPLETE", {1: {"val_accuracy": 0.875, "val_loss": 0.5}}), goal=goal, values={1: 0.5}
    )
    by_loss = replace(by_loss, summary=replace(by_loss.summary, best=best))
    heading, plain, other = status_lines([FOUND[0], by_loss], 200)
    assert re.split("  +", heading)[4] == "best"
    assert re.split("  +", plain)[4] == "val_accuracy 0.8750"
    assert re.split("  +", other)[4] == "val_loss 0.5000"


def test_a_status_comes_back_from_another_machine_with_its_objectives() -> None:
    config = make_config(objective="val_accuracy:max,parameters:min", constraint="latency_ms<=2")
    best = make_record(3, "COMPLETE", {2: {"val_accuracy": 0.875, "val_loss": 0.5}})
    best = replace(best, goal=config.goal, measured={"parameters": 1234, "latency_ms": 0.5})
    sent = replace(FOUND[0], config=config, summary=replace(FOUND[0].summary, best=best))
    back = Status.from_json(json.loads(json.dumps(sent.to_json()))).summary.best
    assert back is not None
    assert back.score_text() == best.score_text() == "val_accuracy 0.8750, parameters 1,234, latency_ms 0.5"
    earlier = sent.to_json()
    del earlier["best"]["scores"], earlier["config"]["objective"], earlier["config"]["constraint"]
    plain = Status.from_json(earlier).summary.best
    assert plain is not None
    assert plain.score_text() == "val_accuracy 0.8750"


def test_where_no_trial_can_go_on_and_none_has_won_nothing_is_proposed_to_continue() -> None:
    failed = replace(status("x", "failed"), reason="no trial fulfills parameters<=10; to search on: tuner resume x ...")
    over = replace(failed.summary, counts={"pruned": 16}, best=None)
    for each, hint in ((failed, True), (replace(failed, summary=over), False)):
        out = Console(file=StringIO(), width=200)
        print_status(each, None, out)
        assert ("To continue:" in out.file.getvalue()) == hint  # type: ignore[attr-defined]
