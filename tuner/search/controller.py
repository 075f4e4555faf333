"""The decisions of a sweep: which trial a free worker gets, and what happens to a trial after each report.

It combines the study, the scheduler and the time budget, and knows nothing of Ray. A trial that waits at a rung (an
epoch after which trials are compared) has no worker and is RUNNING in the study, exactly like one that a crash
interrupted: promoting and resuming are the same operation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.earlier import epochs_of, first_of_length
from tuner.core.errors import describe_disk_error
from tuner.core.kept_checkpoints import Keeps, delete_checkpoints, only_best
from tuner.core.records import TrialRecord, TrialReport, Value
from tuner.core.sweep_folder import SweepFolder, write_error_details
from tuner.search.schedulers.base import Decision, Scheduler
from tuner.search.stopping import TimeBudget, failing_reason, invalid_metrics
from tuner.search.study import Study
from tuner.search.trial_queue import TrialQueue


class Controller:
    """Drives one sweep from its study."""

    def __init__(
        self,
        config: SweepConfig,
        study: Study,
        scheduler: Scheduler,
        folder: SweepFolder,
        callback: Callback,
        keeps: Keeps = only_best,
    ) -> None:
        """`keeps` says which ended trials' checkpoints are needed later; the others are deleted."""
        self._config = config
        self._study = study
        self._scheduler = scheduler
        self._folder = folder.trials
        self._callback = callback
        self._keeps = keeps
        self._queue = TrialQueue(scheduler, study.records()[first_of_length(config) :], config.trials)
        self._kept: list[TrialRecord] = []  # of the trials that have ended, those whose checkpoints may still be there
        self.budget = TimeBudget(config.time_budget, study)
        self._stopped = False
        self._over_reason = "the time budget ran out"
        self._most: Callable[[], float] = lambda: math.inf
        self.halted = ""
        """Why the sweep cannot continue until its disk is fixed; empty otherwise. Every trial is kept as last saved."""
        self._end_missed()
        self._kept = [record for record in study.records() if record.ended]
        self._queue.note_interrupted(study.records())

    def next_trial(self) -> tuple[int, dict[str, Value]] | None:
        """A trial for a free worker, or None when there is none now (see `over`).

        Interrupted trials come first, then the best that may be promoted, then a new one.
        """
        if self.halted or len(self._queue.running) >= self._most():
            return None
        with self._halting():
            begun = self._owed() if self._out_of_time() else self._queue.next_begun()
            if begun is not None:
                return self._issue(self._study.reissue(begun))
            if not self._out_of_time() and self._study.count < self._config.trials:
                return self._issue(self._study.ask())
        return None

    @property
    def over(self) -> bool:
        """Whether no trial is running and none will be started."""
        if self._queue.running or self.halted or self._owed() is not None:
            return False
        return self._out_of_time() or (self._study.count >= self._config.trials and self._queue.empty)

    def on_report(self, number: int, report: TrialReport) -> Decision:
        """Stores a report and decides. The report of a trial that is no longer live is ignored."""
        if number not in self._queue.running or self.halted:
            return Decision.STOP
        for note in report.notes:
            self.note(f"trial {number}: {note}")
        if report.unsaved:
            self.halted = report.unsaved
            return Decision.STOP
        with self._halting():
            return self._on_report(number, report)
        return Decision.STOP

    def _on_report(self, number: int, report: TrialReport) -> Decision:
        if report.error:
            write_error_details(self._folder, number, report.details)
            return self._end(number, "FAIL", report.error, infeasible=report.out_of_memory)
        if report.conditions is not None and report.seed is not None:
            self._study.note_conditions(number, report.conditions, report.seed, report.epoch)
        if report.node:
            self._study.note_node(number, report.node, report.epoch)
        if report.halved:
            self._study.note_halved(number, report.halved)
        return self._on_epoch(number, report.metrics, report.kept_epoch)

    def on_lost(self, number: int, reason: str, *, out_of_memory: bool = False) -> None:
        """The trial's worker died too often to try again, or the trial hangs."""
        if number in self._queue.running and not self.halted:
            if out_of_memory:
                batch_size = self._study.record(number).parameters.get("batch_size")
                reason = f"out of memory at batch size {batch_size}: {reason}"
            with self._halting():
                self._end(number, "FAIL", reason, infeasible=out_of_memory)

    def on_moved(self, number: int, why: str) -> None:
        """The trial's worker died, and another one resumes the trial."""
        self.note(f"trial {number}: its worker died ({why}): it resumes from its checkpoint")

    def on_dropped(self, number: int) -> None:
        """The trial did not get the worker that was meant for it."""
        if number in self._queue.running:
            self._queue.drop(self._study.record(number))

    def finish(self) -> None:
        """Ends the search: the trials that still wait are pruned. A second call only deletes checkpoints."""
        for record in self._study.records():
            if self._scheduler.waits and self._queue.at_rung(record):
                self._end_at_rung(record)
            elif not record.ended:
                reason = f"{self._over_reason} in epoch {record.epoch}" if record.epoch else self._over_reason
                self._end(record.number, "PRUNED", reason)
        delete_checkpoints(self._folder, self._study.records(), self._keeps)

    def limit(self, most: Callable[[], float]) -> None:
        """`most` returns how many trials may run now: other sweeps on a cluster may need room."""
        self._most = most

    def stop(self, reason: str) -> None:
        """Starts no further epochs: running trials stop after their current epoch."""
        if not self._out_of_time():
            self._stopped, self._over_reason = True, reason

    def note_time(self, *, last: bool = False) -> None:
        """Stores how much of the time budget is used; from time to time, or now if it is the `last` time."""
        with self._halting():
            self.budget.note(now=last)

    def note(self, text: str, *, warning: bool = True) -> None:
        """Tells the user a line."""
        self._callback.on_note(text, warning=warning)

    def live(self) -> set[int]:
        """The numbers of the running trials."""
        return set(self._queue.running)

    @contextmanager
    def _halting(self) -> Iterator[None]:
        """Halts the sweep when the study cannot be written: everything from then on would be lost."""
        try:
            yield
        except OSError as error:
            self.halted = describe_disk_error(error)

    def _on_epoch(self, number: int, metrics: Mapping[str, float], kept_epoch: int) -> Decision:
        new = self._study.report(number, metrics, kept_epoch=kept_epoch)
        if new:
            self._callback.on_trial_report(number, new)
        epoch = int(metrics["epoch"])
        at_rung = epoch in self._scheduler.rungs_of(number)
        if at_rung:
            self._queue.reach(self._study.record(number))
        if what := invalid_metrics(metrics):
            return self._end(number, "FAIL", f"{what} in epoch {epoch}")
        if epoch >= self._config.epochs:
            return self._end(number, "COMPLETE")
        if self._out_of_time() and epoch >= self._study.record(number).epoch:
            self._queue.wait(self._study.record(number))  # `finish` marks it as pruned, after all workers have saved
            return Decision.STOP
        if at_rung and epoch > self._queue.running[number]:
            return self._decide(number)
        return Decision.CONTINUE

    def _issue(self, drawn: tuple[int, dict[str, Value]]) -> tuple[int, dict[str, Value]]:
        record = self._study.record(drawn[0])
        self._queue.begin(record)
        self._callback.on_trial_begin(record)
        return drawn

    def _decide(self, number: int) -> Decision:
        """A trial that may go on at once keeps its worker; any other waits, or ends."""
        record = self._study.record(number)
        self._queue.wait(record)
        if number in self._queue.promotable():
            self._queue.begin(record)
            return Decision.CONTINUE
        return Decision.STOP if self._scheduler.waits else self._end_at_rung(record)

    def _end_at_rung(self, record: TrialRecord) -> Decision:
        return self._end(record.number, "PRUNED", f"stopped early after epoch {record.epoch}: {self._scheduler.rule}")

    def _end(self, number: int, state: str, reason: str = "", *, infeasible: bool = False) -> Decision:
        self._queue.running.pop(number, None)  # also if the study cannot be written
        self._study.tell(number, state, reason, infeasible=infeasible)
        record = self._study.record(number)
        self._queue.end(record)
        self._callback.on_trial_end(record)
        self._kept = delete_checkpoints(self._folder, [*self._kept, record], self._keeps)
        if state == "FAIL" and self.hopeless:
            self.stop(f"{self.hopeless}: the search was stopped early")
        return Decision.STOP

    @property
    def hopeless(self) -> str:
        """The error that nearly all trials fail with; empty while the sweep is worth continuing."""
        return failing_reason(self._study.records(), self._config.max_failure_rate)

    def _owed(self) -> int | None:
        """The best trial, if it was interrupted: its last epochs may be in no checkpoint, and are trained again."""
        best = self._study.best() if self._queue.interrupted else None
        return best.number if best is not None and best.number in self._queue.interrupted else None

    def _out_of_time(self) -> bool:
        return self._stopped or self.budget.over

    def _end_missed(self) -> None:
        """Ends trials of a resumed sweep that a kill hit before it was stored that they complete, or do not go on.

        So do those that were begun for fewer epochs than trials train now: they have the learning rate of these.
        """
        passing = [] if self._scheduler.waits else self._queue.promotable()
        first = first_of_length(self._config)
        for record in self._study.records():
            if not record.ended and record.epoch >= epochs_of(self._config, record.number):
                self._end(record.number, "COMPLETE")
            elif not record.ended and record.number < first:
                self._end(record.number, "PRUNED", f"after epoch {record.epoch} the sweep went on with longer trials")
            elif not self._scheduler.waits and self._queue.at_rung(record) and record.number not in passing:
                self._end_at_rung(record)
