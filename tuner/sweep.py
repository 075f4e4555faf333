"""A sweep from its configuration to a registered model. It can end anywhere and be gone on with from its folder.

MLflow, scikit-learn and Ray Tune take seconds to import; that is done inside the methods, while Ray's workers start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tuner import orders
from tuner.config import SweepConfig
from tuner.driver import Held, hold
from tuner.ending import Ending, Guard
from tuner.finale import Finale
from tuner.materials import Materials
from tuner.mended import mended
from tuner.outcome import Outcome, disk_error, write_result
from tuner.policy import Policy
from tuner.progress import Summary, View, announcement
from tuner.records import FILE as JOURNAL
from tuner.schedule import rungs
from tuner.search import Study
from tuner.signals import Stop
from tuner.storage import Storage, scratch
from tuner.store import Store
from tuner.submitted import on_cluster
from tuner.tracker import Tracker
from tuner.trial import TrialJob, run_here, to_arrays
from tuner.waiting import Waiting

if TYPE_CHECKING:
    from tuner.tracking import MlflowSweep


class Sweep:
    """A sweep in its folder, new or begun."""

    def __init__(
        self,
        config: SweepConfig,
        materials: Materials,
        folder: Path,
        store: Store,
        console: Console,
        stop: Stop,
        leave: Callable[[Outcome], object],
    ) -> None:
        """Progress goes to `console`; `leave` prints an outcome in place of the caller when Ray is beyond an end."""
        self._config = config
        self._materials = materials
        self._folder = folder
        self._store = store
        self._console = console
        self._kept: Storage | None = None
        self._began = time.time()
        self._stop = stop
        self._leave = leave

    def run(self) -> Outcome:
        """Runs what is left of the sweep, then tests and registers its best model.

        SIGINT, SIGTERM and SIGHUP end it early: the search with the trials saved to go on, and no winner.

        Raises:
            KeyboardInterrupt: one of them came when there was no trial to save.
            TunerError: another process runs it.
            SweepError: there is no model to register.
        """
        started = time.monotonic()
        with hold(self._folder) as held, self._stop.listening():
            config = self._config
            self._console.print(announcement(config), soft_wrap=True)
            study = Study(self._folder / JOURNAL, config.search_space(), seed=config.seed, trials=config.trials)
            for note in mended(study, self._folder):
                self._say(f"warning: {note}")

            def interrupted(unsent: str = "it has not come to that") -> Outcome:
                return Outcome(
                    config=config,
                    folder=self._folder,
                    records=tuple(study.records()),
                    winner=None,
                    seconds=time.monotonic() - started,
                    unsent=unsent,
                )

            def leave(unsent: str) -> None:
                self._leave(interrupted(unsent))

            ending = Ending(self._stop, study, held, self._console, self._folder, leave)
            try:
                finished, tracker = self._search(study, held, ending)
                finale = self._finale()
                winner = finale.test(study) if finished else None
                if winner is None:
                    return interrupted(ending.close("KILLED"))
                outcome = replace(interrupted(), winner=winner)
                write_result(outcome)  # from here on the model is safe, whatever becomes of the rest
                self._stop.check()
                outcome = replace(finale.register(outcome, winner, tracker), seconds=time.monotonic() - started)
            except BaseException as error:
                ending.close("FAILED" if isinstance(error, Exception) else "KILLED")
                raise
            write_result(outcome)
            finale.drop_kept(outcome)
            return finale.report(outcome)

    def _finale(self) -> Finale:
        return Finale(
            config=self._config,
            materials=self._materials,
            folder=self._folder,
            store=self._store,
            console=self._console,
            kept=self._kept,
        )

    def _search(self, study: Study, held: Held, ending: Ending) -> tuple[bool, Tracker]:
        """Runs trials. Whether the search came to its end, and the tracker that has been told of it."""
        with self._cluster(ending):
            tracker = Tracker(self._connect, study.record, ask=self._store.ask, say=self._say)
            ending.tracker = tracker
            tracker.catch_up(study.records())
            policy = Policy(self._config, study, self._folder / "trials", tracker)
            if policy.budget.begun:
                self._say(policy.budget.begun)
            with suppress(KeyboardInterrupt):  # before and after the time in which Ray Tune is told of signals
                if not policy.over:
                    self._run_trials(study, policy, tracker, held, ending)
            policy.note_time(last=True)
            if policy.halted:
                raise disk_error(policy.halted, self._config.name)
        finished = policy.over and not self._stop.asked
        if finished:
            if policy.hopeless and len(study.records()) < self._config.trials:
                self._console.print(f"warning: {policy.hopeless}: the search was ended early", soft_wrap=True)
            policy.finish()
        return finished, tracker

    @property
    def _here(self) -> bool:
        """Whether there is a single trial for this machine, which needs no workers."""
        alone = self._config.trials == 1 and self._config.gpus_per_trial <= 1 and not self._config.trial_timeout
        return alone and not on_cluster()

    @contextmanager
    def _cluster(self, ending: Ending) -> Iterator[None]:
        """Ray, unless the trial runs in this process."""
        with ExitStack() as stack:
            if not self._here:
                with self._console.status("Starting Ray"):
                    from tuner.cluster import cluster, died, kept_at, kill  # noqa: PLC0415

                    guard = Guard(self._stop, died, partial(ending.give_up, kill=kill))
                    stack.enter_context(cluster(self._config, self._stop, guard))
                    self._kept = kept_at(self._config, self._store)
            yield

    def _connect(self, heard: Callable[[], None]) -> MlflowSweep:
        """Called in the tracker's thread."""
        from tuner.tracking import MlflowSweep  # noqa: PLC0415

        self._store.prepare()
        sweep = MlflowSweep(self._store, self._config, self._began, heard=heard)
        sweep.begin()
        return sweep

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    def _run_trials(self, study: Study, policy: Policy, tracker: Tracker, held: Held, ending: Ending) -> None:
        config = self._config
        job = TrialJob(
            sweep=config.name,
            data=self._materials.splits.spec,
            model=config.model,
            epochs=config.epochs,
            rungs=rungs(config.epochs),
            seed=config.seed,
            threads=config.cpus_per_trial,
            gpus=config.gpus_per_trial,
            folder=scratch(config.uid) if self._kept else self._folder / "trials",
            storage=self._kept,
            repeats=config.repeats,
            halved=config.halved,
            halves=config.oom == "halve-batch",
        )

        def summary() -> Summary:
            return Summary.of(config, study.records(), policy.live(), began, before)

        def tick() -> None:
            tracker.check()
            policy.note_time()
            self._obey(policy)
            self._tell(policy, ending)
            held.note_live(policy.live())
            if told:
                told(summary)
            view.tick()

        arrays = to_arrays(self._materials)
        began, before = time.time(), sum(study.spent())
        told: Callable[[Callable[[], Summary]], None] | None = None
        with ExitStack() as stack:
            view = stack.enter_context(View(config, summary, self._console))
            if self._here:
                run_here(policy, job, arrays, tick=tick)
                return
            if on_cluster():
                from tuner.member import member  # noqa: PLC0415

                told = stack.enter_context(member(config, policy))
            from tuner import cluster, raytune  # noqa: PLC0415

            waits = Waiting(config, self._console).note if on_cluster() else _nothing  # our own Ray has room for all
            stack.enter_context(self._stop.tune_running())

            def leaving() -> bool:
                return self._stop.asked or bool(cluster.died())

            raytune.run(config, policy, job, arrays, tick=tick, waiting=waits, ending=leaving)

    def _obey(self, policy: Policy) -> None:
        order = orders.given(self._folder)
        if order is orders.Order.STOP:
            policy.stop("it was stopped")
        elif order is orders.Order.PAUSE:
            orders.clear(self._folder)
            self._stop.ask()

    def _tell(self, policy: Policy, ending: Ending) -> None:
        for note in policy.take_notes():
            self._say(f"warning: {note}")
        if policy.halted and not self._here and not ending.halted:
            ending.halted = str(disk_error(policy.halted, self._config.name))
            self._stop.ask()  # the trials save what the disk still takes


def _nothing(*_: object) -> None: ...
