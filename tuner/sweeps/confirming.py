"""The trainings that confirm a trial: its parameters with other seeds, and if asked for on other splits.

They have a study, checkpoints and a journal of their own, in a folder within the sweep's. So nothing that reads the
search can take them for its trials, and they are killed and resumed like any trials. Several trials can be confirmed
side by side, with the same seeds.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tuner.core.budgets import NO_BUDGETS
from tuner.core.callback import Callback, Callbacks
from tuner.core.config import SweepConfig
from tuner.core.confirmation import ConfirmPlan
from tuner.core.earlier import epochs_of
from tuner.core.finalists_text import finalists_announcement, trainings_of
from tuner.core.objective import plain_goal
from tuner.core.records import TrialKey, TrialRecord, trial_seed
from tuner.core.refit import RefitPlan
from tuner.core.sweep_folder import SweepFolder
from tuner.core.units import counted
from tuner.data.reshuffle import Division
from tuner.search.controller import Controller
from tuner.search.schedulers.whole import WholeTrials
from tuner.search.study import Study
from tuner.sweeps.refitting import Refitting
from tuner.sweeps.resume import repair_folder
from tuner.sweeps.tidying import tidy_checkpoints
from tuner.tracking.background import BackgroundTracker
from tuner.training.checkpoint_storage import CheckpointStorage, scratch_folder
from tuner.training.trial import TrialJob

STORAGE = "confirm"  # the part of a sweep's storage of checkpoints that is theirs


class Confirming:
    """The trainings of a plan, new or resumed."""

    def __init__(self, config: SweepConfig, folder: SweepFolder, plan: ConfirmPlan) -> None:
        """`config` and `folder` are those of the sweep."""
        self.plan = plan
        self.folder = folder.confirmation
        epochs = epochs_of(config, plan.trials[0])
        self.config = replace(config, trials=len(plan.points), epochs=epochs, earlier=[], **NO_BUDGETS)
        self.study = Study(
            self.folder.journal,
            lambda trial: dict(plan.points[trial.number].parameters),
            seed=config.seed,
            trials=len(plan.points),
            goal=plain_goal(config.task),
        )
        self.notes = repair_folder(self.study, self.folder.path)

    def records(self) -> list[TrialRecord]:
        """All trainings so far."""
        return [self.plan.mark(record) for record in self.study.records()]

    def record(self, key: str) -> TrialRecord:
        """One training, by its `TrialRecord.key`."""
        return self.plan.mark(self.study.record(int(key.rpartition("-")[2])))

    def controller(self, events: Callbacks, tracker: BackgroundTracker) -> Controller:
        """Drives the trainings: each is a whole one, and none is compared with another before its end."""
        callback = _Messenger(events, tracker, self)
        keeps = _all if self.plan.test == "mean" or self.config.ensemble else _none
        return Controller(self.config, self.study, WholeTrials(), self.folder, callback, keeps)

    def job(self, job: TrialJob) -> TrialJob:
        """What all trainings have in common, from the job of the search."""
        seeds = [point.seed for point in self.plan.points]
        return replace(
            job,
            epochs=self.config.epochs,
            rungs=(),
            goal=job.goal.of_epochs,
            seeds=tuple(trial_seed(seed, 0) for seed in seeds),
            splits=self._divisions(),
            folder=scratch_folder(f"{self.config.uid}-{self._part}") if job.storage else self.folder.trials,
            storage=self.storage_in(job.storage),
        )

    def _divisions(self) -> tuple[Division, ...]:
        """How the samples are divided for each training; empty where all have the sweep's own splits."""
        plan = self.plan
        if plan.folds:
            places, count = {seed: place for place, seed in enumerate(plan.seeds)}, len(plan.seeds)
            return tuple(Division(self.config.seed, places[point.seed], count) for point in plan.points)
        return tuple(Division(point.seed) for point in plan.points) if plan.reshuffle else ()

    def storage_in(self, storage: CheckpointStorage | None) -> CheckpointStorage | None:
        """Where the checkpoints are, within the storage of the sweep."""
        return storage.within(self._part) if storage else None

    @property
    def _part(self) -> str:
        return "-".join(filter(None, (STORAGE, self.plan.uid)))  # another plan resumes none of these

    def announcement(self) -> str:
        """What begins, in one line."""
        plan, config = self.plan, self.config
        left = len(plan.points) - sum(record.ended for record in self.study.records())
        side = min(config.concurrency, len(plan.points))
        if plan.finalists:
            return finalists_announcement(plan, left, config.epochs, min(side, left))
        what = f"trial {plan.trials[0]}" if len(plan.trials) == 1 else counted(len(plan.trials), "trial")
        return f"confirming {what} {trainings_of(plan)}: {counted(config.epochs, 'epoch')} each, {side} at a time"

    def clear(self) -> None:
        """Deletes the checkpoints: the result is written."""
        shutil.rmtree(self.folder.trials, ignore_errors=True)


@dataclass
class Trainings:
    """All that a sweep trains."""

    study: Study
    """The trials of the search."""
    confirming: Confirming | None
    """The trainings that confirm the best trial. Once they have begun, the search is over."""
    refitting: Refitting | None = None
    """The training of the winner on all samples but those of the test set. Once it has begun, all else is over."""

    @classmethod
    def of(cls, config: SweepConfig, folder: SweepFolder, study: Study, events: Callback) -> Trainings:
        """Those of a sweep that begins or is resumed; `events` are told what was mended."""
        plan, refit = ConfirmPlan.load(folder), RefitPlan.load(folder)
        confirming = Confirming(config, folder, plan) if plan else None
        refitting = Refitting(config, folder, refit) if refit else None
        for note in confirming.notes if confirming else ():
            events.on_note(f"confirming: {note}")
        for note in refitting.notes if refitting else ():
            events.on_note(f"refitting: {note}")
        return cls(study, confirming, refitting)

    def clear(self, *, mixed: bool = False) -> None:
        """Deletes the checkpoints of all but the search: the result is written. What is `mixed` keeps its weights."""
        if self.confirming and mixed:
            tidy_checkpoints(self.confirming.folder, self.confirming.study.records())
        elif self.confirming:
            self.confirming.clear()
        if self.refitting:
            self.refitting.clear()

    def records(self) -> list[TrialRecord]:
        """All of them."""
        confirming, refitting = self.confirming, self.refitting
        more = [*(confirming.records() if confirming else ()), *(refitting.records() if refitting else ())]
        return [*self.study.records(), *more]

    @property
    def searched(self) -> bool:
        """Whether the search is over."""
        return self.confirming is not None or self.refitting is not None

    def record(self, key: TrialKey) -> TrialRecord:
        """One of them."""
        if isinstance(key, int):
            return self.study.record(key)
        if self.refitting is not None and key == self.refitting.key:
            return self.refitting.records()[0]
        assert self.confirming is not None
        return self.confirming.record(key)


class _Messenger(Callback):
    """Tells MLflow of the trainings, and the user what a user should know. The live view asks by itself."""

    def __init__(self, events: Callbacks, tracker: BackgroundTracker, confirming: Confirming) -> None:
        self._events = events
        self._tracker = tracker
        self._confirming = confirming

    def on_note(self, text: str, *, warning: bool = True) -> None:
        self._events.on_note(f"confirming: {text}", warning=warning)

    def on_trial_begin(self, record: TrialRecord) -> None:
        self._tracker.catch_up([self._confirming.plan.mark(record)])

    def on_trial_report(self, number: int, metrics: Mapping[str, float]) -> None:  # noqa: ARG002 - the study has them
        self._tracker.catch_up([self._confirming.plan.mark(self._confirming.study.record(number))])

    def on_trial_end(self, record: TrialRecord) -> None:
        self._tracker.catch_up([self._confirming.plan.mark(record)])


def _all(records: Sequence[TrialRecord]) -> set[int]:
    return {record.number for record in records}


def _none(records: Sequence[TrialRecord]) -> set[int]:  # noqa: ARG001
    return set()
