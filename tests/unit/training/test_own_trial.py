"""Trials that a user's own function trains: what it is given, what it may do, and what comes of its mistakes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tuner.core.objective import Goal
from tuner.core.program_request import ProgramRequest
from tuner.core.trial_report import TrialReport
from tuner.training.function_trial import FILES, FunctionJob, Limited
from tuner.training.own_state import STATE_FILE, DamagedStateError, SavedState, from_bytes, saved_epoch
from tuner.training.own_trial import NOT_LOADED, Trial, TrialEnded

GOAL = Goal.parse("loss:min", own=True)


class Driver:
    """Hears a trial's reports, and stops it after an epoch."""

    def __init__(self, stop_after: int = 0) -> None:
        self.reports: list[TrialReport] = []
        self.stop_after = stop_after

    def __call__(self, report: TrialReport) -> None:
        self.reports.append(report)
        if report.epoch and report.epoch == self.stop_after:
            raise SystemExit

    @property
    def epochs(self) -> list[int]:
        return [report.epoch for report in self.reports if report.metrics]

    @property
    def last(self) -> TrialReport:
        return self.reports[-1]


def job_of(folder: Path, function: Callable[[Trial], Any], **changes: Any) -> FunctionJob:
    asked = ProgramRequest.of_function(function)
    assert asked.code is not None
    values: dict[str, Any] = {
        "sweep": "s",
        "code": asked.code,
        "epochs": 4,
        "seed": 7,
        "threads": 1,
        "gpus": 0.0,
        "folder": folder,
        "goal": GOAL,
        "saves": asked.program.saves,
    }
    return FunctionJob(**{**values, **changes})


def run(folder: Path, function: Callable[[Trial], Any], *, stop_after: int = 0, **changes: Any) -> Driver:
    """Runs trial 3 with lr=0.5 as a worker does."""
    driver, job = Driver(stop_after), job_of(folder, function, **changes)
    held = job.hold({}, torch.device("cpu"))
    if stop_after:
        with pytest.raises(SystemExit):
            job.run(3, {"lr": 0.5}, held, driver)
    else:
        job.run(3, {"lr": 0.5}, held, driver)
    return driver


def saving(trial: Trial) -> None:
    """Sums up the learning rate: the loss is lowest in epoch 2."""
    total = trial.load() or 0.0
    for _ in range(trial.epoch, trial.epochs):
        total += trial.params["lr"]
        trial.report(loss=abs(total - 1.0), total=total)
        trial.save(total)


def reporting(trial: Trial) -> None:
    for epoch in range(trial.epoch, trial.epochs):
        trial.report(loss=1.0 / (epoch + 1))


def test_each_epoch_is_told_and_then_that_the_function_has_ended(tmp_path: Path) -> None:
    driver = run(tmp_path, reporting)
    assert driver.epochs == [1, 2, 3, 4]
    assert [report.metrics["loss"] for report in driver.reports[:2]] == [1.0, 0.5]
    assert driver.last == TrialReport(ended=True)
    first = driver.reports[0]
    assert first.seed == 7_000_024
    assert first.conditions is not None
    assert first.metrics["epoch_seconds"] >= 0


def test_what_a_trial_is_given(tmp_path: Path) -> None:
    def train(trial: Trial) -> None:
        (trial.folder / "note.txt").write_text(f"{trial.number} {trial.seed} {trial.device} {trial.params}")
        print("printed, and not shown")
        trial.report(loss=float(torch.rand(1)))

    one, two = run(tmp_path / "a", train), run(tmp_path / "b", train)
    assert one.reports[0].metrics["loss"] == two.reports[0].metrics["loss"]  # torch is seeded
    note = (tmp_path / "a" / "0003" / FILES / "note.txt").read_text()
    assert note == "3 7000024 cpu {'lr': 0.5}"
    assert (tmp_path / "a" / "0003-output.txt").read_text() == "printed, and not shown\n"


def test_a_trial_that_is_to_wait_has_saved_the_epoch_that_it_reported_and_goes_on_from_it(tmp_path: Path) -> None:
    waiting = run(tmp_path, saving, stop_after=1)
    assert waiting.epochs == [1]
    assert saved_epoch(tmp_path / "0003") == 1
    onwards = run(tmp_path, saving)
    assert onwards.epochs == [1, 2, 3, 4]  # the first one again: the driver may not have heard of it
    assert [report.metrics["total"] for report in onwards.reports[:4]] == [0.5, 1.0, 1.5, 2.0]


def test_the_state_of_the_best_epoch_is_kept_beside_the_last_one(tmp_path: Path) -> None:
    driver = run(tmp_path, saving)
    assert [report.kept_epoch for report in driver.reports[:4]] == [1, 2, 2, 2]
    saved = SavedState.read(tmp_path / "0003" / STATE_FILE)
    assert saved is not None
    assert (saved.epoch, from_bytes(saved.state)) == (4, 2.0)
    assert (saved.kept_epoch, from_bytes(saved.best)) == (2, 1.0)


def test_a_function_that_never_saves_is_heard_at_once_and_begins_anew(tmp_path: Path) -> None:
    seen: list[int] = []

    def train(trial: Trial) -> None:
        for _ in range(trial.epochs):
            trial.report(loss=1.0)
            seen_in(trial)

    def seen_in(trial: Trial) -> None:
        (trial.folder / f"{trial.epoch}").touch()

    driver = run(tmp_path, train, stop_after=2)
    assert driver.epochs == [1, 2]
    assert not (tmp_path / "0003" / FILES / "2").exists()  # `report` did not return
    assert (tmp_path / "0003" / FILES / "1").exists()
    assert run(tmp_path, train).epochs == [1, 2, 3, 4]
    assert seen == []


def test_code_after_the_last_report_is_run(tmp_path: Path) -> None:
    def train(trial: Trial) -> None:
        for _ in range(trial.epochs):
            trial.report(loss=1.0)
        (trial.folder / "summary").touch()

    assert run(tmp_path, train, stop_after=4).epochs == [1, 2, 3, 4]
    assert (tmp_path / "0003" / FILES / "summary").exists()


def test_except_exception_does_not_swallow_the_end_and_neither_does_except_alone_for_long(tmp_path: Path) -> None:
    def polite(trial: Trial) -> None:
        for _ in range(trial.epochs):
            try:
                trial.report(loss=1.0)
            except Exception:
                (trial.folder / "swallowed").touch()

    def rude(trial: Trial) -> None:
        for _ in range(trial.epochs):
            try:
                trial.report(loss=1.0)
            except BaseException:
                print("swallowed")

    assert run(tmp_path / "a", polite, stop_after=2).epochs == [1, 2]
    assert not (tmp_path / "a" / "0003" / FILES / "swallowed").exists()
    assert run(tmp_path / "b", rude, stop_after=2).epochs == [1, 2]
    assert not issubclass(TrialEnded, Exception)


def failing(trial: Trial, how: Callable[[Trial], Any]) -> None:
    trial.report(loss=1.0)
    how(trial)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (lambda _: 1 / 0, "ZeroDivisionError: division by zero"),
        (
            lambda trial: trial.report(los=1.0),
            "ValueError: trial.report: loss is missing, by which trials are compared",
        ),
        (lambda trial: trial.report(loss="0.5"), "TypeError: trial.report(loss='0.5'): a metric is a number"),
        (lambda trial: trial.report(loss=[1]), "TypeError: trial.report(loss=...): a metric is a number, got list"),
        (lambda trial: trial.report(loss=1.0, epoch=3), "TunerError: trial.report: 'epoch': a metric has a name"),
        (lambda _: sys.exit(3), "RuntimeError: it called sys.exit(3)"),
    ],
)
def test_an_error_of_the_code_is_told_with_its_line(how: Callable[[Trial], Any], reason: str, tmp_path: Path) -> None:
    def train(trial: Trial) -> None:
        failing(trial, how)

    report = run(tmp_path, train).last
    assert reason in report.error
    assert report.error.startswith("line ")
    assert "Traceback" in report.details
    assert not report.out_of_memory


def test_lack_of_memory_is_told_as_that(tmp_path: Path) -> None:
    def train(trial: Trial) -> None:
        raise MemoryError("too much")

    assert run(tmp_path, train).last.out_of_memory


def test_to_save_before_any_report_is_a_mistake(tmp_path: Path) -> None:
    def train(trial: Trial) -> None:
        trial.save(1)

    assert "call trial.report(...) before it" in run(tmp_path, train).last.error


def test_a_state_that_is_not_loaded_is_told(tmp_path: Path) -> None:
    def train(trial: Trial) -> None:
        for epoch in range(trial.epoch, trial.epochs):
            trial.report(loss=1.0 + epoch)
            trial.save(epoch)

    run(tmp_path, train, stop_after=2)
    notes = [report.notes for report in run(tmp_path, train).reports if report.notes]
    assert notes == [(NOT_LOADED,)]


def test_a_damaged_state_is_told_and_the_trial_begins_anew(tmp_path: Path) -> None:
    run(tmp_path, saving, stop_after=2)
    file = tmp_path / "0003" / STATE_FILE
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(DamagedStateError, match="the checksum does not match"):
        SavedState.read(file)
    driver = run(tmp_path, saving)
    assert driver.epochs == [1, 2, 3, 4]
    assert driver.reports[0].notes[0].endswith("is damaged: the checksum does not match: it begins anew")


def test_a_full_disk_is_no_fault_of_the_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(saved: SavedState, file: Path) -> None:
        raise OSError(28, "No space left on device", str(file))

    monkeypatch.setattr(SavedState, "write", full)
    report = run(tmp_path, saving).last
    assert report.unsaved.startswith("the disk is full")
    assert report.error == ""


def test_what_is_printed_has_an_end(tmp_path: Path) -> None:
    with (tmp_path / "printed").open("w") as file:
        limited = Limited(file, most=10)
        for _ in range(5):
            assert limited.write("12345\n") == 6
    assert (tmp_path / "printed").read_text() == "12345\n1234\n... the rest is left out\n"
