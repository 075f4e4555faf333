"""The decisions of a sweep: which trial a free worker gets, and what becomes of a trial after each report.

It joins the study, ASHA and the budget, and knows nothing of Ray. A trial that waits at a rung has no worker and is
RUNNING in the study, exactly like one that a crash interrupted; promoting and resuming are the same act.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.errors import describe_disk_error
from tuner.core.records import TrialReport, Value
from tuner.core.sweep_folder import SweepFolder, delete_checkpoints, write_error_details
from tuner.search.schedulers.base import Decision, Scheduler, TrialProgress
from tuner.search.stopping import TimeBudget, failing_reason, invalid_metrics
from tuner.search.study import Study


class Controller:
    """Drives one sweep from its study."""

    def __init__(
        self, config: SweepConfig, study: Study, scheduler: Scheduler, folder: SweepFolder, callback: Callback
    ) -> None:
        self._config = config
        self._study = study
        self._scheduler = scheduler
        self._folder = folder.trials
        self._callback = callback
        self._rungs = scheduler.rungs()
        self.budget = TimeBudget(config.time_budget, study)
        self._stopped = False
        self._over_reason = "the time budget ended"
        self._most: Callable[[], float] = lambda: math.inf
        self._live: dict[int, int] = {}  # trials that a worker has, with the epoch up to which the study knew them
        self.halted = ""
        """Why the sweep cannot go on before somebody has mended its disk; every trial is as it was last saved."""
        self._close_finished()
        self._interrupted = deque(r.number for r in study.records() if not r.ended and r.epoch not in self._rungs)

    def next_trial(self) -> tuple[int, dict[str, Value]] | None:
        """A trial for a free worker, or None when there is none now (see `over`).

        Interrupted trials come first, then the best that may be promoted, then a new one.
        """
        if self.halted or len(self._live) >= self._most():
            return None
        with self._halting():
            begun = self._next_begun()
            if begun is not None:
                return self._issue(self._study.reissue(begun))
            if not self._out_of_time() and len(self._study.records()) < self._config.trials:
                return self._issue(self._study.ask())
        return None

    def _next_begun(self) -> int | None:
        if self._out_of_time():
            number = self._owed()
        else:
            number = self._interrupted[0] if self._interrupted else min(self._promotable(), default=None)
        if number is not None and number in self._interrupted:
            self._interrupted.remove(number)
        return number

    @property
    def over(self) -> bool:
        """Whether no worker has a trial and none will get one."""
        if self._live or self.halted or self._owed() is not None:
            return False
        asked = len(self._study.records()) >= self._config.trials
        return self._out_of_time() or (asked and not self._interrupted and not self._promotable())

    def on_report(self, number: int, report: TrialReport) -> Decision:
        """Remembers a report and decides. A report of a trial that is not live any more is ignored."""
        if number not in self._live or self.halted:
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
        return self._on_epoch(number, report.metrics)

    def on_lost(self, number: int, reason: str, *, out_of_memory: bool = False) -> None:
        """The trial's worker died, and too often to try again; or the trial hangs."""
        if number in self._live and not self.halted:
            if out_of_memory:
                batch_size = self._study.record(number).parameters.get("batch_size")
                reason = f"out of memory at batch size {batch_size}: {reason}"
            with self._halting():
                self._end(number, "FAIL", reason, infeasible=out_of_memory)

    def on_moved(self, number: int, why: str) -> None:
        """The trial's worker died, and another one goes on with it."""
        self.note(f"trial {number}: its worker died ({why}): it goes on from its checkpoint")

    def on_dropped(self, number: int) -> None:
        """The trial has not got the worker that was meant for it."""
        if number in self._live:
            del self._live[number]
            self._interrupted.append(number)

    def finish(self) -> None:
        """The search is over: trials that still wait were pruned by ASHA. Only the best one's checkpoint is kept."""
        for record in self._study.records():
            if not record.ended:
                waited = record.epoch in self._rungs
                reason = f"{self._over_reason} in epoch {record.epoch}" if record.epoch else self._over_reason
                if waited:
                    reason = f"not promoted from the rung of epoch {record.epoch}"
                self._end(record.number, "PRUNED", reason)
        delete_checkpoints(self._folder, self._study.records())

    def limit(self, most: Callable[[], float]) -> None:
        """`most` says how many trials may have a worker now: on a cluster, others may want theirs."""
        self._most = most

    def stop(self, reason: str) -> None:
        """Begins no epoch any more: the trials that a worker has end with the epoch that they are in."""
        if not self._out_of_time():
            self._stopped, self._over_reason = True, reason

    def note_time(self, *, last: bool = False) -> None:
        """Remembers how much of the time budget is spent; now and then, or for the `last` time."""
        with self._halting():
            self.budget.note(now=last)

    def note(self, text: str, *, warning: bool = True) -> None:
        """Tells the user a line."""
        self._callback.on_note(text, warning=warning)

    def live(self) -> set[int]:
        """The numbers of the trials that a worker has."""
        return set(self._live)

    @contextmanager
    def _halting(self) -> Iterator[None]:
        """A study that cannot be written would forget what happens from here on."""
        try:
            yield
        except OSError as error:
            self.halted = describe_disk_error(error)

    def _on_epoch(self, number: int, metrics: Mapping[str, float]) -> Decision:
        new = self._study.report(number, metrics)
        if new:
            self._callback.on_trial_report(number, new)
        epoch = int(metrics["epoch"])
        if what := invalid_metrics(metrics):
            return self._end(number, "FAIL", f"{what} in epoch {epoch}")
        if epoch >= self._config.epochs:
            return self._end(number, "COMPLETE")
        if self._out_of_time() and epoch >= self._study.record(number).epoch:
            del self._live[number]  # it is told that it was pruned when all workers have saved what they have
            return Decision.STOP
        if epoch in self._rungs and epoch > self._live[number]:
            return self._at_rung(number)
        return Decision.CONTINUE

    def _issue(self, drawn: tuple[int, dict[str, Value]]) -> tuple[int, dict[str, Value]]:
        number = drawn[0]
        record = self._study.record(number)
        self._live[number] = record.epoch
        self._callback.on_trial_begin(record)
        return drawn

    def _at_rung(self, number: int) -> Decision:
        """A trial that may be promoted at once keeps its worker; any other waits."""
        del self._live[number]
        if number in self._promotable():
            self._live[number] = self._study.record(number).epoch
            return Decision.CONTINUE
        return Decision.STOP

    def _end(self, number: int, state: str, reason: str = "", *, infeasible: bool = False) -> Decision:
        self._live.pop(number, None)
        self._study.tell(number, state, reason, infeasible=infeasible)
        self._callback.on_trial_end(self._study.record(number))
        delete_checkpoints(self._folder, self._study.records())
        if state == "FAIL" and self.hopeless:
            self.stop(f"{self.hopeless}: the search was ended early")
        return Decision.STOP

    @property
    def hopeless(self) -> str:
        """What nearly all trials of the sweep fail with; empty while it is worth going on."""
        return failing_reason(self._study.records(), self._config.max_failure_rate)

    def _promotable(self) -> set[int]:
        records = self._study.records()
        trials = [
            TrialProgress(
                number=record.number,
                values=record.values,
                running=record.number in self._live,
                waiting=not record.ended and record.number not in self._live,
            )
            for record in records
            if record.state != "FAIL"  # it would keep its place at a rung from a trial that can go on
        ]
        no_more_new = len(records) >= self._config.trials and not self._interrupted
        return self._scheduler.promotable(trials, no_more_new=no_more_new)

    def _owed(self) -> int | None:
        """The best trial when it was interrupted: its last epochs may be in no checkpoint, and are trained again."""
        best = self._study.best() if self._interrupted else None
        return best.number if best is not None and best.number in self._interrupted else None

    def _out_of_time(self) -> bool:
        return self._stopped or self.budget.over

    def _close_finished(self) -> None:
        """Ends the trials of a resumed sweep that were killed between their last epoch and the word of their end."""
        for record in self._study.records():
            if not record.ended and record.epoch >= self._config.epochs:
                self._end(record.number, "COMPLETE")
