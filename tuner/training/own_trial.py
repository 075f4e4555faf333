"""What a user's own training function gets: `def train(trial)`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tuner.core.errors import describe_disk_error
from tuner.core.kept_epoch import choose_kept
from tuner.core.metric import check_metric_name
from tuner.core.objective import Goal
from tuner.core.records import Value
from tuner.core.trial_report import Report, TrialReport
from tuner.training.checkpoint_manager import UnsavedError
from tuner.training.own_state import SavedState, from_bytes, to_bytes

NOT_LOADED = "it has saved a state, and went on without trial.load(): was that meant?"


class TrialEnded(BaseException):
    """The trial is to end now, or to wait: raised by `report` and `save`. Let it pass; `finally` blocks are run."""


class OwnStates:
    """Where a trial's states are kept: a file, and perhaps a copy of it elsewhere."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> SavedState | None:
        """The last one. Raises DamagedStateError."""
        return SavedState.read(self._file)

    def write(self, saved: SavedState) -> None:
        """Replaces it. Raises OSError."""
        saved.write(self._file)


class Trial:
    """One trial: its parameters, and what it tells."""

    def __init__(
        self,
        *,
        number: int,
        parameters: Mapping[str, Value],
        seed: int,
        device: str,
        folder: Path,
        epochs: int,
        goal: Goal,
        states: OwnStates,
        saved: SavedState | None,
        saves: bool,
        report: Report,
        told: TrialReport,
    ) -> None:
        """Made by tuner. `told` has what each report says beside its metrics; `saves`: see `core.program`."""
        self.number = number
        """From 0 on."""
        self.params: dict[str, Any] = dict(parameters)
        """By name; a conditional parameter that does not apply is missing."""
        self.seed = seed
        """To seed the generators of random numbers with, so that the trial can be repeated."""
        self.device = device
        """`cpu` or `cuda`, as `torch.device` and `.to(...)` take it."""
        self.folder = folder
        """A folder of its own, for files. That of the winner is kept."""
        self.epochs = epochs
        """The most epochs of a trial."""
        self.epoch = saved.epoch if saved else 0
        """How many epochs are done: those before the state that `load` gives, and each that was reported since."""
        self._goal = goal
        self._states = states
        self._saved = saved
        self._saves = saves
        self._report = report
        self._told = told
        self._unsent: dict[str, float] | None = None  # a report that waits for its state
        self._last: dict[str, float] = {}
        self._began = time.monotonic()
        self._unloaded = saved is not None
        self._ended = False

    def load(self) -> Any:
        """The state that was saved last; None for a trial that begins."""
        self._unloaded = False
        return None if self._saved is None else from_bytes(self._saved.state)

    def report(self, **metrics: float) -> None:
        """Tells the metrics of the epoch that has just ended: numbers, of any names, with that of the objective.

        Raises:
            TrialEnded: the scheduler, or the end of the sweep, stops the trial.
            TypeError, ValueError: a metric is no number, has an impossible name, or is missing.
        """
        self._send()
        if self.epoch >= self.epochs:  # there are no more epochs
            self._end()
        values = _checked(metrics, self._goal)
        self.epoch += 1
        now = time.monotonic()
        self._last = {"epoch": float(self.epoch), "epoch_seconds": now - self._began, **values}
        self._began, self._unsent = now, self._last
        # A report that ends the trial would leave no time to save the state that the trial has to go on from.
        if not self._saves and self.epoch < self.epochs:
            self._send()

    def save(self, state: Any) -> None:
        """Saves a state after the epoch that was reported last: anything that can be pickled.

        From then on the trial can wait, be interrupted and go on: `load` gives the state. The one of the best epoch
        is kept, too, for the winner.

        Raises:
            TrialEnded: see `report`.
            RuntimeError: no epoch was reported yet.
        """
        if self._ended:
            raise TrialEnded
        if not self.epoch or not self._last:
            raise RuntimeError("trial.save is for the epoch that was reported: call trial.report(...) before it")
        pickled = to_bytes(state)
        before, metrics = self._saved, self._last
        kept = before.kept_metrics if before else None
        peak = kept[self._goal.watched.name] if kept else 0.0
        if before is None or choose_kept(self._goal, metrics, kept, peak, 1)[0]:
            new = SavedState(
                epoch=self.epoch, metrics=metrics, state=pickled, kept_epoch=self.epoch, kept_metrics=metrics
            )
        else:
            new = replace(before, epoch=self.epoch, metrics=metrics, state=pickled, kept=before.best)
        try:
            self._states.write(new)
        except OSError as error:
            raise UnsavedError(describe_disk_error(error)) from error
        self._saved = new
        if self.epoch < self.epochs:
            self._send()

    def finish(self) -> None:
        """Called by tuner when the function has returned: sends the report that still waits."""
        self._send()

    @property
    def ended(self) -> bool:
        """Whether it was told to end."""
        return self._ended

    def tell_again(self) -> None:
        """Called by tuner before the function: the driver may have died before it heard of the saved epoch."""
        if self._saved:
            self._unsent = dict(self._saved.metrics)
            self._send()

    def _send(self) -> None:
        if self._ended:
            raise TrialEnded
        if self._unsent is None:
            return
        metrics, self._unsent = self._unsent, None
        kept, notes = self._saved.kept_epoch if self._saved else 0, list(self._told.notes)
        if self._unloaded and metrics is self._last:
            notes.append(NOT_LOADED)
            self._unloaded = False
        try:
            self._report(replace(self._told, metrics=metrics, kept_epoch=kept, notes=tuple(notes)))
        except SystemExit:
            self._end()
        self._told = replace(self._told, notes=())

    def _end(self) -> None:
        self._ended = True
        raise TrialEnded


def _checked(metrics: Mapping[str, Any], goal: Goal) -> dict[str, float]:
    values = {}
    for name, value in metrics.items():
        check_metric_name(name, "trial.report:")
        if isinstance(value, str | bytes):
            raise TypeError(f"trial.report({name}={value!r}): a metric is a number")
        try:
            values[name] = float(value)
        except (TypeError, ValueError):
            found = type(value).__name__
            raise TypeError(f"trial.report({name}=...): a metric is a number, got {found}") from None
    missing = [metric.name for metric in goal.metrics if metric.name not in values]
    if missing:
        has = f"it has {', '.join(values)}" if values else "it is empty"
        raise ValueError(f"trial.report: {missing[0]} is missing, by which trials are compared; {has}")
    return values
