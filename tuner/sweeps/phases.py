"""Runs the trials of a sweep: those of its search, and then those that confirm its best one."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.errors import disk_sweep_error
from tuner.core.summary import Summary
from tuner.core.sweep_folder import SweepFolder
from tuner.execution.executor import Executor
from tuner.execution.signals import Stop
from tuner.search.controller import Controller
from tuner.search.study import Study
from tuner.search.summary import summarise
from tuner.sweeps.lock import Order, SweepLock, clear_order, current_order
from tuner.sweeps.shutdown import Shutdown
from tuner.tracking.background import BackgroundTracker
from tuner.training.job import Arrays, Job


@dataclass(frozen=True)
class Phase:
    """Trials that are run together, with what decides about them."""

    config: SweepConfig
    study: Study
    controller: Controller
    job: Job
    confirms: bool = False
    """Whether they confirm a trial."""
    refits: bool = False
    """Whether it is the training of the winner on all samples but those of the test set."""


class PhaseRunner:
    """Runs the phases of a sweep, one after the other."""

    def __init__(
        self,
        folder: SweepFolder,
        tracker: BackgroundTracker,
        events: Callbacks,
        stop: Stop,
        lock: SweepLock,
        shutdown: Shutdown,
        *,
        in_process: bool,
    ) -> None:
        """`in_process` says whether the trials run in this process."""
        self._folder = folder
        self._tracker = tracker
        self._events = events
        self._stop = stop
        self._lock = lock
        self._shutdown = shutdown
        self._in_process = in_process

    def run(self, phase: Phase, executor: Executor, arrays: Arrays) -> bool:
        """Runs the trials of a phase. Returns whether it came to its end; False when it was interrupted.

        Raises:
            SweepError: the disk of the sweep takes no more.
        """
        controller, name = phase.controller, self._folder.name
        with suppress(KeyboardInterrupt):  # outside the time in which signals go to Ray Tune
            if not controller.over:
                executor.run(controller, phase.job, arrays, tick=self._ticker(phase))
        self._events.on_search_end()
        controller.note_time(last=True)
        if controller.halted:
            raise disk_sweep_error(controller.halted, name)
        finished = controller.over and not self._stop.asked
        if finished:
            if controller.ending.hopeless and len(phase.study.records()) < phase.config.trials:
                self._events.on_note(f"{controller.ending.hopeless}: the search was stopped early")
            controller.finish()
        return finished

    def _ticker(self, phase: Phase) -> Callable[[], None]:
        """What is done several times a second while trials run."""
        began, before, controller = time.time(), sum(phase.study.spent()), phase.controller

        def summary() -> Summary:
            records, live = phase.study.records(), controller.live()
            after, gpus = phase.confirms or phase.refits, controller.budgets.gpu_seconds
            found = summarise(phase.config, records, live, began, before, gpu_spent=gpus, confirms=after)
            return replace(found, training="training on all samples") if phase.refits else found

        def tick() -> None:
            self._tracker.check()
            controller.note_time()
            self._obey(controller)
            self._halt(controller)
            self._lock.note_live(set() if phase.confirms or phase.refits else controller.live())
            self._events.on_tick(summary)

        return tick

    def _obey(self, controller: Controller) -> None:
        order = current_order(self._folder.path)
        if order is Order.STOP:
            controller.ending.stop("the sweep was stopped")
        elif order is Order.PAUSE:
            clear_order(self._folder.path)
            self._stop.ask()

    def _halt(self, controller: Controller) -> None:
        """Stops a sweep whose disk takes no more: its trials save what they still can."""
        if controller.halted and not self._in_process and not self._shutdown.halted:
            self._shutdown.halted = str(disk_sweep_error(controller.halted, self._folder.name))
            self._stop.ask()
