"""How trials end: it is stored and told, and the checkpoints that nobody needs any more are deleted."""

from __future__ import annotations

from pathlib import Path

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.earlier import epochs_of, first_of_length
from tuner.core.kept_checkpoints import Keeps, delete_checkpoints
from tuner.core.records import TrialRecord
from tuner.search.budgets import Budgets
from tuner.search.schedulers.base import Scheduler
from tuner.search.study import Study
from tuner.search.trial_queue import TrialQueue


class Endings:
    """Ends the trials of a sweep."""

    def __init__(
        self,
        study: Study,
        queue: TrialQueue,
        scheduler: Scheduler,
        budgets: Budgets,
        folder: Path,
        callback: Callback,
        keeps: Keeps,
    ) -> None:
        """`keeps` says which ended trials' checkpoints in `folder` are needed later; the others are deleted."""
        self._study = study
        self._queue = queue
        self._scheduler = scheduler
        self._budgets = budgets
        self._folder = folder
        self._callback = callback
        self._keeps = keeps
        self._kept: list[TrialRecord] = []  # of the trials that have ended, those whose checkpoints may still be there

    def end(self, number: int, state: str, reason: str = "", *, infeasible: bool = False) -> None:
        """Ends a trial; see `Study.tell`."""
        self._queue.running.pop(number, None)  # also if the study cannot be written
        self._study.tell(number, state, reason, infeasible=infeasible)
        record = self._study.record(number)
        self._queue.end(record)
        self._budgets.note(record)
        self._callback.on_trial_end(record)
        self._kept = delete_checkpoints(self._folder, [*self._kept, record], self._keeps)

    def end_at_rung(self, record: TrialRecord) -> None:
        """Ends a trial that does not go on from its rung."""
        number, epoch = record.number, record.epoch
        rungs = self._queue.ladders.of(number).rungs
        at = next((each for each in rungs if each.epoch == epoch and number in each.ranks), None)
        stood = self._scheduler.stood(at, number, record.goal) if at else self._scheduler.rule
        self.end(number, "PRUNED", f"stopped early after epoch {epoch}: {stood}")

    def end_missed(self, config: SweepConfig) -> None:
        """Ends trials of a resumed sweep that a kill hit before it was stored that they complete, or do not go on.

        So do those that were begun for fewer epochs than trials train now: they have the learning rate of these.
        """
        passing = [] if self._scheduler.waits else self._queue.promotable()
        first = first_of_length(config)
        for record in self._study.records():
            if not record.ended and record.epoch >= epochs_of(config, record.number):
                self.end(record.number, "COMPLETE")
            elif not record.ended and record.number < first:
                self.end(record.number, "PRUNED", f"after epoch {record.epoch} the sweep went on with longer trials")
            elif not self._scheduler.waits and self._queue.at_rung(record) and record.number not in passing:
                self.end_at_rung(record)
        self._kept = [record for record in self._study.records() if record.ended]

    def end_all(self, why: str) -> None:
        """Ends all trials that have not ended: `why` is the reason for those that did not wait at a rung."""
        for record in self._study.records():
            if self._scheduler.waits and not self._scheduler.together and self._queue.at_rung(record):
                self.end_at_rung(record)
            elif not record.ended:
                self.end(record.number, "PRUNED", f"{why} in epoch {record.epoch}" if record.epoch else why)
        delete_checkpoints(self._folder, self._study.records(), self._keeps)
