"""Searches in this process whose trials report made-up scores and train nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.outcome import Outcome
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.core.trial_report import TrialReport
from tuner.search.controller import Controller
from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.base import Decision
from tuner.search.study import Study


class Recorder(Callback):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.epochs: list[tuple[int, int]] = []
        self.ended: list[tuple[int, str]] = []
        self.notes: list[str] = []
        """All lines, in their order."""
        self.warnings: list[str] = []
        """Those of them that are warnings."""
        self.outcomes: list[Outcome] = []
        self.errors: list[str] = []

    def on_note(self, text: str, *, warning: bool = True) -> None:
        self.notes.append(text)
        if warning:
            self.warnings.append(text)

    def on_trial_begin(self, record: TrialRecord) -> None:
        self.begun.append(record.number)

    def on_trial_report(self, number: int, metrics: Mapping[str, float]) -> None:
        self.epochs.append((number, int(metrics["epoch"])))

    def on_trial_end(self, record: TrialRecord) -> None:
        self.ended.append((record.number, record.state))

    def on_sweep_end(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def on_sweep_error(self, text: str) -> None:
        self.errors.append(text)


def study_of(config: SweepConfig, folder: Path) -> Study:
    """The study of the sweep in this folder, new or as it was left."""
    return Study.of(config, SweepFolder(folder))


def controller_of(config: SweepConfig, study: Study, folder: Path, callback: Callback | None = None) -> Controller:
    """The controller of the sweep in this folder, with the scheduler that it would have."""
    return Controller(config, study, make_scheduler(config), SweepFolder(folder), callback or Callback())


def begin(config: SweepConfig, folder: Path, callback: Callback | None = None) -> tuple[Controller, Study]:
    """A process that begins the sweep, or resumes it: nothing but the folder is left of the one before it."""
    study = study_of(config, folder)
    return controller_of(config, study, folder, callback), study


def metrics_of(epoch: int, score: float, **changes: float) -> dict[str, float]:
    """What an epoch came to, with some of the metrics changed."""
    values = {"epoch": epoch, "val_accuracy": score, "val_loss": 1 - score, "train_loss": 1.0}
    return {**values, "train_accuracy": score, "lr": 0.1, "epoch_seconds": 1.0, **changes}


def report_of(epoch: int, score: float, **changes: float) -> TrialReport:
    """The report of an epoch, with some of its metrics changed."""
    return TrialReport(metrics=metrics_of(epoch, score, **changes))


def drive(controller: Controller, epochs: Counter[int]) -> None:
    """Runs one trial at a time until the controller is over or halts."""
    while not controller.over and not controller.halted:
        if drawn := controller.next_trial():
            number = drawn[0]
            while True:
                epochs[number] += 1
                if controller.on_report(number, report_of(epochs[number], number / 20)) is Decision.STOP:
                    break
