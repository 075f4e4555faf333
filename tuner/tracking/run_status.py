"""A trial's MLflow run: its status, and the names of all tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from tuner.core.records import TrialKey, TrialRecord

ENDED_TAG = "tuner.ended_by"  # what ended a sweep's search: see `Outcome.ended_by`
BEST_TRIAL_TAG = "tuner.best_trial"  # the number of a sweep's winner
TEST_DATA_TAG = "tuner.test_data"
PAIR_TAG = "tuner.pair"  # of a sweep's winner: the registered model. Earlier versions: the experiment
IDENTITY_TAG = "tuner.data_identity"  # of a user's own data, as JSON
RUN_STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED", "INTERRUPTED": "KILLED"}
STATE_TAG, REASON_TAG = "tuner.state", "tuner.reason"
MOST_CHARACTERS = 5000  # of a tag: stores cut longer ones off, some at this length
SEED_TAG, CONDITIONS_TAG = "tuner.seed", "tuner.conditions"
MEASURED_TAG = "tuner.measured_on"
REFIT_TAG = "tuner.refits_trial"  # of a training on the validation samples too: val_accuracy is of samples that it saw
CONFIRM_TAG = "tuner.confirms_with_seed"  # of a training that confirms a trial: the seed as a user gives it
EXPLOITS_TAG = "tuner.exploits"  # of population based training: what a trial took over from others
SCORE_TAG, KEPT_TAG = "tuner.score", "tuner.kept_epoch"  # of a trial: MLflow's own columns show the last epoch
TAGS = (STATE_TAG, REASON_TAG, SEED_TAG, CONDITIONS_TAG, MEASURED_TAG, EXPLOITS_TAG, SCORE_TAG, KEPT_TAG)


@dataclass(frozen=True, kw_only=True)
class TrialEnd:
    """A run's status, and tags with more detail."""

    status: str = "RUNNING"
    finished: int | None = None
    """Milliseconds since 1970; None for a trial that is still running."""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether the run ends, for now at least."""
        return self.status != "RUNNING"

    @classmethod
    def of(cls, record: TrialRecord, *, stopped: bool) -> Self:
        """The end of a trial's run. If the sweep has `stopped`, an unfinished one was interrupted at its last epoch."""
        if not (record.ended or stopped):
            return cls()
        state = record.state if record.ended else "INTERRUPTED"
        tags = {STATE_TAG: state}
        if record.reason:
            tags[REASON_TAG] = record.reason[:MOST_CHARACTERS]
        if record.ranked and record.refits is None:
            first = record.goal.first
            tags |= {SCORE_TAG: first.metric.text(record.score), KEPT_TAG: str(record.best_epoch)}
        if record.measured_on:
            tags[MEASURED_TAG] = record.measured_on
        if record.conditions:
            tags |= {SEED_TAG: str(record.seed), CONDITIONS_TAG: json.dumps(record.conditions[-1][1])}
        if record.exploits:
            taken = "; ".join(f"after epoch {each.epoch} {each}" for each in record.exploits)
            tags[EXPLOITS_TAG] = taken[:MOST_CHARACTERS]
        finished = int((record.finished or record.latest) * 1000)
        return cls(status=RUN_STATUS[state], finished=finished, tags=tags)


@dataclass(kw_only=True)
class TrialRun:
    """A trial's run, as far as its content in MLflow is known; by default it has just been created."""

    id: str
    status: str = "RUNNING"
    finished: int | None = None
    """Milliseconds since 1970."""
    tags: dict[str, str] = field(default_factory=dict)
    parameters: set[str] = field(default_factory=set)
    """The names of the parameters."""
    epochs: set[int] | None = field(default_factory=set)
    """None when MLflow must be asked first: for a run that was found, or that has ended."""
    measured: bool = False
    """Whether it has what was measured before the first epoch."""

    @property
    def end(self) -> TrialEnd:
        """How it ends. This is written after everything else, so a run that ends like its trial is complete."""
        return TrialEnd(status=self.status, finished=self.finished, tags=self.tags)

    def note(self, record: TrialRecord, end: TrialEnd) -> None:
        """Notes that the run now has everything in the record."""
        self.status, self.finished = end.status, end.finished
        self.tags |= end.tags
        self.parameters |= set(record.parameters)
        self.measured = self.measured or bool(record.measured)
        self.epochs = None if end.over else set(record.metrics)


UID_TAG, SWEEP_TAG, TRIAL_TAG, PARENT_TAG = "tuner.uid", "tuner.sweep", "tuner.trial", "mlflow.parentRunId"


def key_of(tag: str) -> TrialKey:
    """The key of a trial (`TrialRecord.key`) from the tag TRIAL_TAG of its run."""
    return int(tag) if tag.isdecimal() else tag
