"""Trains the winner once more on its training and validation samples together, with the epochs that it kept.

Like the trainings that confirm a trial it has a study, checkpoints and a journal of its own, and is killed and resumed
like any trial.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tuner.core.budgets import NO_BUDGETS
from tuner.core.callback import Callback, Callbacks
from tuner.core.config import SweepConfig
from tuner.core.earlier import epochs_of
from tuner.core.objective import plain_goal
from tuner.core.records import TrialRecord
from tuner.core.refit import RefitPlan
from tuner.core.sweep_folder import SweepFolder, checkpoint_folder
from tuner.search.controller import Controller
from tuner.search.schedulers.whole import WholeTrials
from tuner.search.score_history import Length
from tuner.search.study import Study
from tuner.sweeps.resume import repair_folder
from tuner.tracking.background import BackgroundTracker
from tuner.training.average import last_weights
from tuner.training.checkpoint import CHECKPOINT_FILE
from tuner.training.checkpoint_storage import CheckpointStorage, scratch_folder
from tuner.training.frozen_weights import read_whole
from tuner.training.trial import TrialJob


class Refitting:
    """The training of a plan, new or resumed."""

    def __init__(self, config: SweepConfig, folder: SweepFolder, plan: RefitPlan) -> None:
        """`config` and `folder` are those of the sweep."""
        self.plan = plan
        self.folder = folder.refit
        self._all_epochs = epochs_of(config, plan.trial)
        self.config = replace(config, trials=1, epochs=plan.epochs, default=False, earlier=[], **NO_BUDGETS)
        self.study = Study(
            self.folder.journal,
            lambda _: dict(plan.parameters),
            seed=config.seed,
            trials=1,
            lengths=[Length(first=0, levels=(plan.epochs,))],
            goal=plain_goal(config.task),
        )
        self.notes = repair_folder(self.study, self.folder.path)

    def records(self) -> list[TrialRecord]:
        """The training, once it has begun."""
        return [self.plan.mark(record) for record in self.study.records()]

    @property
    def key(self) -> str:
        """Its `TrialRecord.key`."""
        return self._part

    def controller(self, events: Callbacks, tracker: BackgroundTracker) -> Controller:
        """Drives the training."""
        callback = _Messenger(events, tracker, self)
        return Controller(self.config, self.study, WholeTrials(), self.folder, callback)

    def job(self, job: TrialJob) -> TrialJob:
        """The training, from the job of the search. Its learning rate falls as if it had all epochs."""
        return replace(
            job,
            goal=plain_goal(job.goal.task),  # its epoch is chosen already
            epochs=self._all_epochs,
            rungs=(self.plan.epochs,),
            seeds=(job.seed_of(self.plan.trial),),
            halved=self.plan.halved,
            whole=True,
            folder=scratch_folder(f"{self.config.uid}-{self._part}") if job.storage else self.folder.trials,
            storage=self._storage_in(job.storage),
        )

    def announcement(self) -> str:
        """What begins, in one line."""
        epochs = f"{self.plan.epochs} epoch{'' if self.plan.epochs == 1 else 's'}"
        return f"refitting trial {self.plan.trial}: {epochs} on the training and validation samples together"

    def weights(self, storage: CheckpointStorage | None) -> Mapping[str, Any] | None:
        """Those of the last epoch, from the sweep's `storage` if it has one; None when the training was not completed.

        Raises:
            SweepError: the storage does not answer.
        """
        done = [record for record in self.study.records() if record.state == "COMPLETE"]
        if not done:
            return None
        folder, own = checkpoint_folder(self.folder.trials, 0), self._storage_in(storage)
        if own:
            from tuner.sweeps.final_test import fetch_checkpoint  # noqa: PLC0415 - imports scipy

            fetch_checkpoint(own, 0, folder / CHECKPOINT_FILE, self.config.name)
        state, _ = read_whole(folder)
        if state is None or state["metrics"]["epoch"] != self.plan.epochs:
            return None
        return last_weights(state)

    def why_not(self) -> str:
        """Why there are no weights, for people."""
        reasons = [record.reason for record in self.study.records() if record.reason]
        return reasons[0] if reasons else "its last checkpoint is missing"

    def clear(self) -> None:
        """Deletes the checkpoints: the model is written."""
        shutil.rmtree(self.folder.trials, ignore_errors=True)

    def _storage_in(self, storage: CheckpointStorage | None) -> CheckpointStorage | None:
        return storage.within(self._part) if storage else None

    @property
    def _part(self) -> str:
        return f"refit-{self.plan.uid}"


class _Messenger(Callback):
    """Tells MLflow of the training, and the user what a user should know."""

    def __init__(self, events: Callbacks, tracker: BackgroundTracker, refitting: Refitting) -> None:
        self._events = events
        self._tracker = tracker
        self._refitting = refitting

    def on_note(self, text: str, *, warning: bool = True) -> None:
        self._events.on_note(f"refitting: {text}", warning=warning)

    def on_trial_begin(self, record: TrialRecord) -> None:
        self._tracker.catch_up([self._refitting.plan.mark(record)])

    def on_trial_report(self, number: int, metrics: Mapping[str, float]) -> None:  # noqa: ARG002 - the study has them
        self._tracker.catch_up([self._refitting.plan.mark(self._refitting.study.record(number))])

    def on_trial_end(self, record: TrialRecord) -> None:
        self._tracker.catch_up([self._refitting.plan.mark(record)])
