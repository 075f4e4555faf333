"""The decisions of a sweep: which trial a free worker gets, and what happens to a trial after each report.

It combines the study, the scheduler and the budgets, and knows nothing of Ray. A trial that waits at a rung (an
epoch after which trials are compared) has no worker and is RUNNING in the study, exactly like one that a crash
interrupted: promoting and resuming are the same operation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.earlier import first_of_length
from tuner.core.errors import describe_disk_error
from tuner.core.kept_checkpoints import Keeps, only_best
from tuner.core.records import TrialRecord, Value
from tuner.core.sweep_folder import SweepFolder, write_error_details
from tuner.core.trial_report import TrialReport
from tuner.search.budgets import Budgets
from tuner.search.endings import Endings
from tuner.search.new_points import NoNewPointError
from tuner.search.population import Population
from tuner.search.schedulers.base import Decision, Scheduler
from tuner.search.search_end import SearchEnd
from tuner.search.stopping import end_told, invalid_metrics
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
        population: Population | None = None,
    ) -> None:
        """See Endings for `keeps`. A `population` is renewed at each rung before a trial goes on from there."""
        self._config, self._study, self._scheduler = config, study, scheduler
        self._folder = folder.trials
        self._callback = callback
        self._population = population
        self._queue = TrialQueue(scheduler, study.records()[first_of_length(config) :], lambda: study.more)
        self.budgets = Budgets(config, study, scheduler)
        self._endings = Endings(study, self._queue, scheduler, self.budgets, folder.trials, callback, keeps)
        self.ending = SearchEnd(config, study, self.budgets)
        self._most: Callable[[], float] = lambda: math.inf
        self.halted = ""
        """Why the sweep cannot continue until its disk is fixed; empty otherwise. Every trial is kept as last saved."""
        self._endings.end_missed(config)
        self._queue.note_interrupted(study.records())
        if study.ended_by and not self.over:  # it was given more
            study.note_end("")

    def next_trial(self) -> tuple[int, dict[str, Value]] | None:
        """A trial for a free worker, or None when there is none now (see `over`).

        Interrupted trials come first, the best of all before the others; then the best to promote, then a new one.
        """
        running = self._hold()
        if self.halted or running >= self._most() or not (self.budgets.room(running) or self.ending.reached):
            return None
        with self._halting():
            begun = self._owed()
            if begun is None and not self.ending.reached:
                begun = self._queue.next_begun()
            if begun is not None:
                self._renew(self._study.record(begun))
                return self._issue(self._study.reissue(begun))
            if not self.ending.reached and self._study.more and (self._study.ready or not running):
                return self._issue_new()
        return None

    @property
    def over(self) -> bool:
        """Whether no trial is running and none will be started."""
        if self._queue.running or self.halted or self._owed() is not None:
            return False
        return (not self._study.more and self._queue.empty) or self.ending.reached

    def on_report(self, number: int, report: TrialReport) -> Decision:
        """Stores a report and decides. The report of a trial that is no longer live is ignored."""
        self._hold()
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
        new = None
        with self._study.together():
            if not report.error:
                self._study.note_training(number, report)
                self._study.note_measured(number, report.measured, report.measured_on)
            end = end_told(report, self._study.record(number))
            if not end and not report.measured:
                new = self._study.report(number, report.metrics, kept_epoch=report.kept_epoch)
        if end:
            return self._end(number, end.state, end.reason, infeasible=end.infeasible)
        return Decision.CONTINUE if report.measured else self._on_epoch(number, report.metrics, new)

    def on_lost(self, number: int, reason: str, *, out_of_memory: bool = False) -> None:
        """The trial's worker died too often to try again, or the trial hangs."""
        self._hold()
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
        self._hold()
        if number in self._queue.running:
            self._queue.drop(self._study.record(number))

    def finish(self) -> None:
        """Ends the search: the trials that still wait are pruned. A second call only deletes checkpoints."""
        if not self._study.ended_by:
            self._study.note_end(self.ending.ended_by)
        self._endings.end_all(self.ending.reason)

    def limit(self, most: Callable[[], float]) -> None:
        """`most` returns how many trials may run now: other sweeps on a cluster may need room."""
        self._most = most

    def note_time(self, *, last: bool = False) -> None:
        """Stores how much of the budgets of time is used; from time to time, or now if it is the `last` time."""
        self._hold()
        with self._halting():
            self.budgets.store(now=last)

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

    def _on_epoch(self, number: int, metrics: Mapping[str, float], new: Mapping[str, float] | None) -> Decision:
        """`new` is what was stored of the epoch, None if it was stored before."""
        self.budgets.note(self._study.record(number))
        if new:
            self._callback.on_trial_report(number, new)
        epoch = int(metrics["epoch"])
        at_rung = epoch in self._scheduler.rungs_of(number)
        if at_rung:
            self._queue.reach(self._study.record(number))
        if what := invalid_metrics(metrics, self._study.record(number).goal):
            return self._end(number, "FAIL", f"{what} in epoch {epoch}")
        if epoch >= self._config.epochs:
            return self._end(number, "COMPLETE")
        ends = self.ending.stopped or self.budgets.stops(len(self._queue.running) - 1)
        if ends and epoch >= self._study.record(number).epoch:
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

    def _issue_new(self) -> tuple[int, dict[str, Value]] | None:
        try:
            return self._issue(self._study.ask())
        except NoNewPointError as error:
            self._endings.end(error.number, "FAIL", "no new point was found for it")
            return None

    def _renew(self, record: TrialRecord) -> None:
        if self._population is not None and self._queue.at_rung(record):
            for note in self._population.renew(record.epoch):
                self.note(note)

    def _decide(self, number: int) -> Decision:
        """A trial that may go on at once keeps its worker; any other waits, or ends."""
        record = self._study.record(number)
        self._queue.wait(record)
        if not self._scheduler.together and number in self._queue.promotable():
            self._queue.begin(record)
            return Decision.CONTINUE
        if not self._scheduler.waits:
            self._endings.end_at_rung(record)
        return Decision.STOP

    def _end(self, number: int, state: str, reason: str = "", *, infeasible: bool = False) -> Decision:
        self._endings.end(number, state, reason, infeasible=infeasible)
        if state == "FAIL":
            self.ending.stop_if_hopeless()
        return Decision.STOP

    def _owed(self) -> int | None:
        """The best trial, if it was interrupted: its last epochs may be in no checkpoint, and are trained again."""
        best = self._study.best() if self._queue.interrupted else None
        return best.number if best is not None and best.number in self._queue.interrupted else None

    def _hold(self) -> int:
        """How many trials run. They are accounted for up to now: call it before that changes."""
        return self.budgets.hold(len(self._queue.running))
