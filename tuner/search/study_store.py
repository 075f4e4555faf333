"""What a sweep's study holds: the trials, all that they report, and what is noted about the search.

The study is the sweep's only memory. It lies in a journal file in the sweep's folder, which survives a crash at any
point and can be read by optuna-dashboard while the sweep runs. Only the process that holds the sweep writes to it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import RandomSampler
from optuna.storages import JournalStorage
from optuna.trial import TrialState

from tuner.core.exploit import Exploit
from tuner.core.objective import PLAIN, Goal
from tuner.core.records import TrialRecord, best_of
from tuner.core.trial_report import TrialReport
from tuner.search.journal import drop_torn_line
from tuner.search.journal_writer import JournalWriter
from tuner.search.quick_reading import quick_reading
from tuner.search.samplers.view import CONSTRAINT, MEMORY
from tuner.search.study_reader import (
    ENDED_BY,
    EPOCH,
    EXPLOITS,
    GENERATION,
    GOAL,
    KEPT,
    MEASURED,
    OWN_METRICS,
    SPENT,
    STUDY,
    goal_of,
    quiet_optuna,
    to_record,
)


class StudyStore:
    """The memory of a sweep. `Study` also draws its trials."""

    def __init__(self, journal: Path, goal: Goal = PLAIN) -> None:
        """Opens a study, or creates it. `goal` is what its trials are compared by."""
        self.torn = drop_torn_line(journal)
        with quiet_optuna(), quick_reading():
            self._journal = JournalWriter(journal)
            self._storage = JournalStorage(self._journal)
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=STUDY,
                directions=["maximize" if each.direction == "max" else "minimize" for each in goal.objectives],
                load_if_exists=True,
                sampler=RandomSampler(),
            )
            if goal_of(self._study) != goal:
                self._study.set_metric_names([each.name for each in goal.objectives])
                own = [OWN_METRICS] if goal.own else []
                other = [] if goal.task == PLAIN.task else [goal.task]
                self._study.set_user_attr(GOAL, [goal.objective_text, goal.constraint_text, *own, *other])
            frozen = self._study.get_trials(deepcopy=False)
            self._records = [to_record(trial, goal) for trial in frozen]  # this process alone writes them
        self._goal = goal
        self._ids = [trial._trial_id for trial in frozen]
        self._best: TrialRecord | None = None
        self._best_is_known = False

    def together(self) -> AbstractContextManager[None]:
        """What is stored in this block reaches the disk at its end, with one wait for it. See JournalWriter."""
        return self._journal.together()

    def report(self, number: int, metrics: Mapping[str, float], *, kept_epoch: int = 0) -> dict[str, float] | None:
        """Stores an epoch's metrics (`epoch`, the score and the others), and which epoch is kept so far; 0 for unknown.

        Returns them with the `time`, in seconds since 1970, or None when the epoch was already stored. If a kill left
        an epoch half written, the values written first are kept, so that it has the same time everywhere. A trial's
        times never decrease, even if the clock does.
        """
        epoch, record = int(metrics["epoch"]), self.record(number)
        if epoch in record.values:
            return None
        stored = record.metrics.get(epoch)
        with self._journal.together():
            if stored is None:
                stored = {"time": max(time.time(), record.latest), **metrics}
                self._set(number, f"{EPOCH}{epoch}", {**stored, **({KEPT: kept_epoch} if kept_epoch else {})})
            needed = () if self._goal.own else (metrics[self._goal.score], metrics["val_loss"])
            if all(map(math.isfinite, needed)) and self._goal.finite(metrics):
                self._storage.set_trial_intermediate_value(self._ids[number], epoch, stored[self._goal.watched.name])
            self._refresh(number)
        return stored

    def note_measured(self, number: int, values: Mapping[str, float], place: str) -> None:
        """Stores what was measured of a trial before its first epoch, and on what. The first measurement counts."""
        if values and not self.record(number).measured:
            self._note(number, MEASURED, {**values, "on": place})

    def note_training(self, number: int, report: TrialReport) -> None:
        """Stores how and where a trial trains, as far as its report says that."""
        if report.conditions is not None and report.seed is not None:
            self.note_conditions(number, report.conditions, report.seed, report.epoch)
        if report.node:
            self.note_node(number, report.node, report.epoch)
        if report.halved:
            self.note_halved(number, report.halved)

    def note_node(self, number: int, node: str, epoch: int) -> None:
        """Stores on which node of a cluster a trial runs; `epoch` is the one that it is about to report from there."""
        record = self.record(number)
        if not record.nodes or record.nodes[-1][1] != node:
            self._note(number, "nodes", [*record.nodes, (_first(record, epoch), node)])

    def note_conditions(self, number: int, conditions: Mapping[str, str | int], seed: int, epoch: int) -> None:
        """Stores a trial's seed, and the conditions of its training from this epoch on; see `note_node`."""
        record = self.record(number)
        if not record.conditions or record.conditions[-1][1] != conditions:
            self._note(number, "seed", seed)
            self._note(number, "conditions", [*record.conditions, (_first(record, epoch), dict(conditions))])

    def note_halved(self, number: int, epoch: int) -> None:
        """Stores that a trial trains in half batches from this epoch on."""
        if not self.record(number).halved:
            self._note(number, "halved", epoch)

    def spent(self, kind: str = SPENT) -> tuple[float, ...]:
        """See `note_spent`; nothing before the first note."""
        return tuple(self._study.user_attrs.get(kind, ()))

    def note_spent(self, seconds: Sequence[float], kind: str = SPENT) -> None:
        """Stores how long each run of the search has taken; the last run is still going. GPU_SPENT: GPU-seconds."""
        self._study.set_user_attr(kind, list(seconds))

    @property
    def ended_by(self) -> str:
        """What ended the search; empty while it goes on."""
        return str(self._study.user_attrs.get(ENDED_BY, ""))

    def note_end(self, ended_by: str) -> None:
        """Stores what ended the search; empty when it goes on."""
        self._study.set_user_attr(ENDED_BY, ended_by)

    def noted(self, key: str) -> Any:
        """What `note` has stored about the search; None when nothing was."""
        return self._study.user_attrs.get(key)

    def note(self, key: str, value: Any) -> None:
        """Stores something about the search, in JSON's types."""
        self._study.set_user_attr(key, value)

    @property
    def generation(self) -> int:
        """The last epoch after which trials have taken over from others; 0 for none."""
        return int(self._study.user_attrs.get(GENERATION, 0))

    def note_generation(self, epoch: int) -> None:
        """Stores that this is done for an epoch."""
        self._study.set_user_attr(GENERATION, epoch)

    def note_exploits(self, number: int, exploits: Sequence[Exploit]) -> None:
        """Stores all that a trial has taken over from others."""
        self._note(number, EXPLOITS, [each.to_json() for each in exploits])

    def tell(self, number: int, state: str, reason: str = "", *, infeasible: bool = False) -> None:
        """Ends a trial: COMPLETE with what its objectives came to in the epoch that is kept, PRUNED, or FAIL.

        A trial that has already ended does not change.
        If `infeasible`, a constraint is violated: the sampler avoids such points.
        """
        record = self.record(number)
        if record.ended:
            return
        outcome = record.outcome(record.best_epoch) if state == "COMPLETE" else {}
        values = [outcome[each.name] for each in self._goal.objectives] if outcome else None
        with quiet_optuna(), self._journal.together():
            if infeasible:
                optuna.Trial(self._study, self._ids[number]).set_constraint(MEMORY, 1.0)
            if reason:
                self._set(number, "reason", reason)
            for constraint in self._goal.constraints if outcome else ():  # for Optuna's best trials and its dashboard
                key, excess = f"{CONSTRAINT}{constraint}", constraint.excess(outcome[constraint.name])
                self._storage.set_trial_system_attr(self._ids[number], key, excess)
            self._study.tell(number, values, TrialState[state])
            self._refresh(number)

    @property
    def count(self) -> int:
        """How many trials there are."""
        return len(self._records)

    def records(self) -> list[TrialRecord]:
        """All trials, in the order of their numbers."""
        return list(self._records)

    def record(self, number: int) -> TrialRecord:
        """One trial."""
        return self._records[number]

    def best(self) -> TrialRecord | None:
        """The trial with the best kept epoch, whatever its state except FAIL; None before the first epoch."""
        if not self._best_is_known:  # all are looked at; while a sweep is resumed it is asked for each interrupted one
            self._best, self._best_is_known = best_of(self._records), True
        return self._best

    def _create(self) -> int:
        """A new trial without parameters. Returns its number."""
        self._ids.append(self._storage.create_new_trial(self._study._study_id))
        self._records.append(self._read(self.count))
        self._best_is_known = False
        return self.count - 1

    def _note(self, number: int, key: str, value: Any) -> None:
        """Stores an attribute of a trial."""
        self._set(number, key, value)
        self._records[number] = self._read(number)
        self._best_is_known = False

    def _set(self, number: int, key: str, value: Any) -> None:
        self._storage.set_trial_user_attr(self._ids[number], key, value)

    def _refresh(self, number: int) -> None:
        self._records[number] = self._read(number)
        self._best_is_known = False
        self._on_change(self._records[number])

    def _on_change(self, record: TrialRecord) -> None:
        """A trial has another score, or has ended."""

    def _read(self, number: int) -> TrialRecord:
        return to_record(self._storage.get_trial(self._ids[number]), self._goal)


def _first(record: TrialRecord, epoch: int) -> int:
    """The first new epoch of a resumed trial, which begins with the report of its checkpoint's epoch."""
    return max(record.epoch, epoch if epoch > 1 else 0) + 1
