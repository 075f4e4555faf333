"""The view of a running sweep: on a terminal, and elsewhere."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from support.summaries import BEGAN, CONFIG, LIVE, PARAMETERS, RECORDS, record

from tuner.cli.progress import FRAME_S, ProgressView
from tuner.core.config import SweepConfig
from tuner.core.progress_text import IDLE_S, LINE_S
from tuner.core.records import TrialRecord
from tuner.core.summary import Summary
from tuner.core.units import format_parameters
from tuner.search.summary import summarise
from tuner.sweeps.announcement import BEGUN, announcement


class Screen:
    """A view of a sweep whose records and clock the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, terminal: bool, config: SweepConfig = CONFIG) -> None:
        self.now = BEGAN
        clock = SimpleNamespace(monotonic=lambda: self.now, time=lambda: self.now)
        monkeypatch.setattr("tuner.cli.progress.time", clock)
        monkeypatch.setattr("tuner.search.summary.time", clock)
        for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm-256color")
        self.records: list[TrialRecord] = []
        self.live: set[int] = set()
        self.file = StringIO()
        self.summaries = 0
        console = Console(file=self.file, force_terminal=terminal, width=100)
        self.view = ProgressView(config, console)

    def summary(self) -> Summary:
        self.summaries += 1
        return summarise(CONFIG, self.records, self.live, BEGAN)

    def show(self, records: list[TrialRecord], live: set[int], after: float = 1.0) -> str:
        """What is new on the screen so many seconds later."""
        self.records, self.live = records, live
        self.now += after
        before = len(self.file.getvalue())
        self.view.tick(self.summary)
        return self.file.getvalue()[before:]


def without_colours(shown: str) -> str:
    """The text alone, without the spaces at the ends of lines."""
    return re.sub(r" *$", "", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown), flags=re.MULTILINE)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Screen:
    return Screen(monkeypatch, terminal=True)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Screen:
    return Screen(monkeypatch, terminal=False)


def test_on_a_terminal_there_is_a_table_with_the_running_trials_and_the_best(terminal: Screen) -> None:
    with terminal.view:
        shown = terminal.show(RECORDS, LIVE)
    text = without_colours(shown)
    lines = text.splitlines()
    assert "12 trials: 1 done, 2 running, 1 waiting, 1 pruned, 1 failed, 6 queued" in text
    assert "val_accuracy 0.9500, trial 4 after epoch 2: batch_size=64 optimizer=adam lr=0.0123" in text
    assert "15 epochs" in text
    assert f"{15 / 32:.0%}" in text
    [header] = [line for line in lines if "parameters" in line]
    assert header.split()[-4:] == ["trial", "epoch", "val_accuracy", "parameters"]
    rows = [line.split() for line in lines[lines.index(header) + 1 :]]
    assert ["4", "3/9", "0.7000", "batch_size=64", "optimizer=adam", "lr=0.0123"] in rows
    assert ["5", "0/9", "batch_size=64", "optimizer=adam", "lr=0.0123"] in rows
    assert not [row for row in rows if row[:1] in (["0"], ["1"], ["2"], ["3"])]


def test_a_table_is_redrawn_in_place_and_taken_away_at_the_end(terminal: Screen) -> None:
    with terminal.view:
        terminal.show(RECORDS, LIVE)
        again = terminal.show(RECORDS, LIVE)
        assert "\x1b[1A" in again  # the cursor goes up
        before = len(terminal.file.getvalue())
    assert "\x1b[2K" in terminal.file.getvalue()[before:]
    assert terminal.file.getvalue().count("\x1b[?25l") == terminal.file.getvalue().count("\x1b[?25h") == 1


def test_the_cursor_comes_back_when_the_sweep_breaks(terminal: Screen) -> None:
    terminal.show(RECORDS, LIVE)
    assert "\x1b[?25h" not in terminal.file.getvalue()
    with pytest.raises(KeyboardInterrupt), terminal.view:
        raise KeyboardInterrupt
    assert "\x1b[?25h" in terminal.file.getvalue()


def test_a_table_before_the_first_trial_says_that_it_starts(terminal: Screen) -> None:
    with terminal.view:
        shown = terminal.show([], set())
    assert "starting" in shown
    assert "12 queued" in shown
    assert "best" not in shown


def test_parameters_that_are_too_long_are_cut_and_leave_the_other_columns_whole(terminal: Screen) -> None:
    """Those of digits-cnn, which a newcomer sees first, are more than 80 characters."""
    many = {**PARAMETERS, "momentum": 0.876543, "weight_decay": 1.2345e-4, "dropout": 0.4321, "width": 0.5, "x": "end"}
    with terminal.view:
        shown = without_colours(terminal.show([record(0, "RUNNING", 0.5, parameters=many)], {0}))
    table = shown.splitlines()[-2:]
    assert table[0].split() == ["trial", "epoch", "val_accuracy", "parameters"]
    assert table[1].split()[:5] == ["0", "1/9", "0.5000", "batch_size=64", "optimizer=adam"]
    assert table[1].rstrip().endswith("…")


def test_values_with_square_brackets_are_shown_as_they_are(terminal: Screen) -> None:
    """Rich takes [red] for a colour, and breaks at [/]."""
    odd = {"a": "[red]", "b": "[/]"}
    with terminal.view:
        shown = without_colours(terminal.show([record(0, "RUNNING", 0.5, parameters=odd)], {0}))
    rows = [line for line in shown.splitlines() if "1/9" in line]
    assert "a=[red] b=[/]" in rows[0]


def test_it_is_drawn_a_few_times_a_second_however_often_it_is_told_to(terminal: Screen) -> None:
    with terminal.view:
        for _ in range(100):
            terminal.show(RECORDS, LIVE, after=0.01)
    assert terminal.summaries == pytest.approx(1.0 / FRAME_S, abs=1)


def test_elsewhere_there_are_plain_lines(plain: Screen) -> None:
    with plain.view:
        line = plain.show(RECORDS, LIVE)
    assert "\x1b" not in plain.file.getvalue()
    assert line == (
        "12 trials: 1 done, 2 running, 1 waiting, 1 pruned, 1 failed, 6 queued; 15 epochs; "
        "best val_accuracy 0.9500 (trial 4)\n"
    )
    assert plain.file.getvalue() == line


def test_elsewhere_nothing_is_said_before_the_first_epoch(plain: Screen) -> None:
    assert plain.show([record(0, "RUNNING")], {0}) == ""
    assert plain.show([record(0, "RUNNING")], {0}, after=LINE_S + 1) == ""


def test_the_first_epoch_is_said_when_its_time_has_come(plain: Screen) -> None:
    plain.show([record(0, "RUNNING")], {0})
    assert "1 epoch;" in plain.show([record(0, "RUNNING", 0.5)], {0}, after=LINE_S + 1)


def test_elsewhere_a_long_epoch_is_told_less_often(plain: Screen) -> None:
    one = [record(0, "RUNNING", 0.5)]
    assert "1 epoch;" in plain.show(one, {0}, after=LINE_S + 1)
    assert plain.show(one, {0}, after=LINE_S + 1) == ""
    assert "2 epochs;" in plain.show([record(0, "RUNNING", 0.5, 0.6)], {0})
    assert plain.show([record(0, "RUNNING", 0.5, 0.6)], {0}, after=IDLE_S - 1) == ""
    assert "2 epochs;" in plain.show([record(0, "RUNNING", 0.5, 0.6)], {0}, after=2.0)


def test_elsewhere_a_line_comes_now_and_then_and_whenever_a_trial_ends_or_waits(plain: Screen) -> None:
    one, two = [record(0, "RUNNING", 0.1)], [record(0, "RUNNING", 0.1, 0.2)]
    assert plain.show(one, {0})
    assert not plain.show(two, {0})
    assert "2 epochs" in plain.show(two, {0}, after=LINE_S)
    assert not plain.show(two, {0})
    assert "1 waiting" in plain.show(two, set())
    assert not plain.show(two, set())
    assert "1 running" in plain.show(two, {0})
    assert "1 done" in plain.show([record(0, "COMPLETE", 0.1, 0.2)], set())


def test_the_time_left_is_said(plain: Screen) -> None:
    line = plain.show([record(0, "RUNNING", *[0.1] * 8, time=BEGAN + 8, then=BEGAN + 9)], {0}, after=9.0)
    assert line.endswith("about 16 s left\n")  # some 24 more epochs for two workers, 1 s each


def test_no_time_left_is_said_before_the_second_epoch(plain: Screen) -> None:
    line = plain.show([record(0, "RUNNING", 0.1, time=BEGAN + 9)], {0}, after=20.0)
    assert line.endswith("best val_accuracy 0.1000 (trial 0)\n")


def test_a_sweep_that_trains_more_than_expected_is_at_most_all_done(terminal: Screen) -> None:
    many = [record(number, "RUNNING", *[0.5] * 9) for number in range(12)]
    with terminal.view:
        shown = terminal.show(many, set())
    assert "100%" in shown


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({}, ""),
        ({"lr": 0.0123456, "batch_size": 64}, "lr=0.0123 batch_size=64"),
        ({"lr": 1e-7}, "lr=1e-07"),
        ({"a": True, "b": "adam", "c": 1.0}, "a=True b=adam c=1"),
        ({"x": math.inf}, "x=inf"),
        ({"samples": 123456}, "samples=123456"),
    ],
)
def test_parameters_are_shown_with_three_digits(parameters: Any, text: str) -> None:
    assert format_parameters(parameters) == text


def test_the_last_second_is_not_told(plain: Screen) -> None:
    almost_over = replace(summarise(CONFIG, RECORDS, LIVE, None), left=0.4)
    with ProgressView(CONFIG, Console(file=plain.file, width=200)) as view:
        view.tick(lambda: almost_over)
    assert plain.file.getvalue().endswith("; 15 epochs; best val_accuracy 0.9500 (trial 4)\n")


def test_where_a_summary_takes_long_frames_are_rarer(plain: Screen) -> None:
    """So that a sweep of many thousand trials is not busy with drawing."""
    made = []

    def slow() -> Summary:
        plain.now += 0.4
        made.append(plain.now)
        return summarise(CONFIG, RECORDS, LIVE, None)

    with ProgressView(CONFIG, Console(file=plain.file, width=200)) as view:
        for _ in range(100):
            view.tick(slow)
            plain.now += 0.5
    assert len(made) == 3, "0.4 seconds of every twenty"


def test_one_epoch_is_no_plural() -> None:
    shown = announcement(replace(CONFIG, trials=1, epochs=1))
    assert shown == "sweep: one trial of cnn on digits, 1 epoch"


def test_a_sampler_and_a_scheduler_that_were_asked_for_are_announced() -> None:
    plain = announcement(CONFIG)
    assert announcement(replace(CONFIG, sampler="qmc")) == f"{plain}; sampler qmc"
    assert announcement(replace(CONFIG, sampler="tpe", auto="why")) == f"{plain}; sampler tpe (auto: why)"
    both = announcement(replace(CONFIG, sampler="gp", scheduler="asha-stop", epochs=20))
    assert both.endswith("; sampler gp, scheduler asha-stop (rungs: epochs 2, 7)")
    assert announcement(replace(CONFIG, scheduler="none")) == f"{plain}; scheduler none"


def test_budgets_are_announced_and_what_remains_of_them_is_shown(plain: Screen, terminal: Screen) -> None:
    one = replace(CONFIG, epoch_budget=20)
    assert announcement(one) == f"{announcement(CONFIG)}; ends at 20 epochs in all"
    limits = {"time_budget": 90.0, "gpu_budget": 14400.0, "target_score": 0.98, "patience": 8}
    config = replace(one, **limits)  # type: ignore[arg-type]
    assert announcement(config) == (
        f"{announcement(CONFIG)}; ends at 20 epochs in all, 2 min, 4 h 0 min of GPU time, a score of 0.98 or 8 trials "
        "without a better score, whichever comes first"
    )
    summary = summarise(config, RECORDS, LIVE, BEGAN, 30.0, gpu_spent=7200.0)
    assert summary.expected == 20
    for screen in (plain, terminal):
        screen.view.tick(lambda: summary)
        shown = without_colours(screen.file.getvalue())
        assert "5 of 20 epochs left" in shown
        assert "target val_accuracy 0.98 (0.03 above the best)" in shown
    gpu, patience = "2 h 0 min of 4 h 0 min of GPU time left", "8 trials left to improve the best score"
    assert plain.file.getvalue().endswith(f", 5 of 20 epochs left, {gpu}, 60 s of 2 min left, {patience}\n")


def test_a_confirmation_does_not_announce_the_trials_of_the_search() -> None:
    shown = announcement(CONFIG, confirms=True)
    assert shown == "sweep: the best trial of cnn on digits, again with other seeds"
    for line in (shown, announcement(CONFIG), announcement(replace(CONFIG, trials=1))):
        assert re.match(rf"sweep: {BEGUN}", line)
