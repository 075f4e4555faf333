"""A running sweep, from its configuration to a registered model. It can stop anywhere and be resumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tuner.cli.progress import ProgressView
from tuner.cli.terminal import announcement
from tuner.core.config import SweepConfig
from tuner.core.environment import on_cluster
from tuner.core.errors import TunerError, disk_sweep_error
from tuner.core.outcome import Outcome, write_result
from tuner.core.records import Summary
from tuner.core.sweep_folder import JOURNAL_FILE
from tuner.execution.in_process import run_here
from tuner.execution.ray_session import nodes
from tuner.execution.signals import Stop
from tuner.execution.tune_callbacks import WaitNotice
from tuner.execution.watchdog import Watchdog
from tuner.search.controller import Controller
from tuner.search.schedulers.asha import rungs
from tuner.search.study import Study
from tuner.sweeps import control, lock
from tuner.sweeps.finalize import Finale
from tuner.sweeps.inputs import SweepInputs, to_arrays
from tuner.sweeps.lock import SweepLock, lock_sweep
from tuner.sweeps.resume import repair_folder
from tuner.sweeps.shutdown import Shutdown
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.store import Store
from tuner.training.checkpoint_storage import CheckpointStorage, UriStorage, scratch_folder
from tuner.training.trial import TrialJob

if TYPE_CHECKING:
    from tuner.tracking.runs import MlflowSweep


def checkpoint_storage(config: SweepConfig, store: Store) -> CheckpointStorage | None:
    """The storage of the checkpoints, or None if they are in the sweep's folder, which all workers can access.

    Raises:
        TunerError: the cluster has several nodes, but neither a storage nor an MLflow server.
    """
    storage = UriStorage.of(config)
    if storage:
        storage.check()
        return storage
    if not on_cluster() or len(nodes()) == 1:
        return None
    if store.local:
        raise TunerError(
            "the nodes of this cluster share no disk: give --storage URI, or set MLFLOW_TRACKING_URI on the cluster, "
            "so that trials can resume on another node"
        )
    from tuner.tracking.artifacts import ArtifactStorage  # noqa: PLC0415 - imports MLflow, elsewhere while the workers start

    return ArtifactStorage(store.address, config.pair, config.uid)


class SweepRun:
    """A sweep in its folder, new or begun."""

    def __init__(
        self,
        config: SweepConfig,
        materials: SweepInputs,
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
        self._kept: CheckpointStorage | None = None
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
        with lock_sweep(self._folder) as held, self._stop.listening():
            config = self._config
            self._console.print(announcement(config), soft_wrap=True)
            study = Study(self._folder / JOURNAL_FILE, config.search_space(), seed=config.seed, trials=config.trials)
            for note in repair_folder(study, self._folder):
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

            ending = Shutdown(self._stop, study, held, self._console, self._folder, leave)
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

    def _search(self, study: Study, held: SweepLock, ending: Shutdown) -> tuple[bool, BackgroundTracker]:
        """Runs trials. Whether the search came to its end, and the tracker that has been told of it."""
        with self._cluster(ending):
            tracker = BackgroundTracker(self._connect, study.record, ask=self._store.ask, say=self._say)
            ending.tracker = tracker
            tracker.catch_up(study.records())
            policy = Controller(self._config, study, self._folder / "trials", tracker)
            if policy.budget.begun:
                self._say(policy.budget.begun)
            with suppress(KeyboardInterrupt):  # before and after the time in which Ray Tune is told of signals
                if not policy.over:
                    self._run_trials(study, policy, tracker, held, ending)
            policy.note_time(last=True)
            if policy.halted:
                raise disk_sweep_error(policy.halted, self._config.name)
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
    def _cluster(self, ending: Shutdown) -> Iterator[None]:
        """Ray, unless the trial runs in this process."""
        with ExitStack() as stack:
            if not self._here:
                with self._console.status("Starting Ray"):
                    from tuner.execution.ray_session import dead_processes, kill_processes, ray_session  # noqa: PLC0415

                    guard = Watchdog(self._stop, dead_processes, partial(ending.give_up, kill=kill_processes))
                    stack.enter_context(ray_session(self._config, self._stop, guard))
                    self._kept = checkpoint_storage(self._config, self._store)
            yield

    def _connect(self, heard: Callable[[], None]) -> MlflowSweep:
        """Called in the tracker's thread."""
        from tuner.tracking.runs import MlflowSweep  # noqa: PLC0415

        self._store.prepare()
        sweep = MlflowSweep(self._store, self._config, self._began, heard=heard)
        sweep.begin()
        return sweep

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    def _run_trials(
        self, study: Study, policy: Controller, tracker: BackgroundTracker, held: SweepLock, ending: Shutdown
    ) -> None:
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
            folder=scratch_folder(config.uid) if self._kept else self._folder / "trials",
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
            view = stack.enter_context(ProgressView(config, summary, self._console))
            if self._here:
                run_here(policy, job, arrays, tick=tick)
                return
            if on_cluster():
                from tuner.execution.fair_share import share_cluster  # noqa: PLC0415

                told = stack.enter_context(share_cluster(config, policy))
            from tuner.execution import ray_session, ray_tune  # noqa: PLC0415

            waits = WaitNotice(config, self._console).note if on_cluster() else _nothing  # our own Ray has room for all
            stack.enter_context(self._stop.tune_running())

            def leaving() -> bool:
                return self._stop.asked or bool(ray_session.dead_processes())

            ray_tune.run(config, policy, job, arrays, tick=tick, waiting=waits, ending=leaving)

    def _obey(self, policy: Controller) -> None:
        order = control.current_order(self._folder)
        if order is control.Order.STOP:
            policy.stop("it was stopped")
        elif order is control.Order.PAUSE:
            lock.clear_order(self._folder)
            self._stop.ask()

    def _tell(self, policy: Controller, ending: Shutdown) -> None:
        for note in policy.take_notes():
            self._say(f"warning: {note}")
        if policy.halted and not self._here and not ending.halted:
            ending.halted = str(disk_sweep_error(policy.halted, self._config.name))
            self._stop.ask()  # the trials save what the disk still takes


def _nothing(*_: object) -> None: ...
