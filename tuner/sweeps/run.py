"""A running sweep, from its configuration to a registered model. It can stop anywhere and be resumed.

MLflow, scikit-learn and Ray take seconds to import; that is done inside the methods, while Ray's workers start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

from tuner.core.callback import Callback, Callbacks
from tuner.core.config import SweepConfig
from tuner.core.environment import on_cluster
from tuner.core.errors import TunerError, disk_sweep_error, printable
from tuner.core.outcome import Outcome, write_result
from tuner.core.records import Summary
from tuner.core.sweep_folder import SweepFolder
from tuner.execution.executor import Executor, make_executor, runs_in_process
from tuner.execution.signals import Stop
from tuner.search.controller import Controller
from tuner.search.schedulers import make_scheduler
from tuner.search.space_file import space_of
from tuner.search.study import Study
from tuner.search.summary import summarise
from tuner.sweeps.inputs import SweepInputs
from tuner.sweeps.lock import Order, SweepLock, clear_order, current_order, lock_sweep
from tuner.sweeps.resume import repair_folder
from tuner.sweeps.shutdown import Shutdown
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.connection import connect_sweep
from tuner.tracking.store import Store
from tuner.training.checkpoint_storage import CheckpointStorage, UriStorage, scratch_folder
from tuner.training.trial import TrialJob


@dataclass(kw_only=True)
class SweepRun:
    """A sweep that this process runs, new or resumed."""

    config: SweepConfig
    folder: SweepFolder
    inputs: SweepInputs
    study: Study
    store: Store
    tracker: BackgroundTracker
    events: Callbacks
    stop: Stop
    lock: SweepLock
    shutdown: Shutdown
    started: float = field(default_factory=time.monotonic)
    storage: CheckpointStorage | None = None
    """Where the checkpoints are, when they are not in the folder."""

    @classmethod
    @contextmanager
    def open(
        cls, config: SweepConfig, folder: SweepFolder, inputs: SweepInputs, callbacks: Sequence[Callback]
    ) -> Iterator[SweepRun]:
        """Locks the sweep, and hears the signals that stop it, as long as the block lasts.

        Raises:
            TunerError: another process runs it, or a user must change something.
            SweepError: it failed; the error is noted in its folder.
            SweepStopped: a signal came when there was no trial to save.
        """
        store, stop, events, began = Store.of(folder.home), Stop(), Callbacks(callbacks), time.time()
        for note in inputs.splits.notes:
            events.on_note(printable(note), warning=False)
        folder.error.unlink(missing_ok=True)
        with lock_sweep(folder.path) as lock, stop.listening():
            events.on_sweep_begin(config)
            study = Study(folder.journal, space_of(config), seed=config.seed, trials=config.trials)
            for note in repair_folder(study, folder.path):
                events.on_note(note)
            connect = partial(connect_sweep, store, config, began)
            tracker = BackgroundTracker(connect, study.record, ask=store.ask, note=events.on_note, file=store.file)
            events.add(tracker)
            shutdown = Shutdown(folder, study, tracker, lock, stop, events)
            run = cls(
                config=config,
                folder=folder,
                inputs=inputs,
                study=study,
                store=store,
                tracker=tracker,
                events=events,
                stop=stop,
                lock=lock,
                shutdown=shutdown,
            )
            shutdown.interrupted = run.outcome
            with shutdown.closing():
                yield run

    def search(self) -> bool:
        """Runs trials. Returns whether the search came to its end; False when it was interrupted."""
        with ExitStack() as stack:
            with self.events.phase("" if runs_in_process(self.config) else "Starting Ray"):
                executor = make_executor(self.config, self.folder, self.stop, self.shutdown.give_up)
                stack.enter_context(executor)
                self.storage = choose_storage(self.config, self.store, executor)
                self._measure_cluster()
            self.tracker.start()  # MLflow is imported after Ray has started, not beside it
            self.tracker.catch_up(self.study.records())
            scheduler = make_scheduler(self.config)
            controller = Controller(self.config, self.study, scheduler, self.folder, self.events)
            if controller.budget.begun:
                self.events.on_note(controller.budget.begun, warning=False)
            with suppress(KeyboardInterrupt):  # outside the time in which signals go to Ray Tune
                if not controller.over:
                    job, tick = self.job(scheduler.rungs()), self._ticker(controller)
                    executor.run(controller, job, self.inputs.to_arrays(), tick=tick)
            self.events.on_search_end()
            controller.note_time(last=True)
            if controller.halted:
                raise disk_sweep_error(controller.halted, self.config.name)
        return self._ended(controller)

    def job(self, rungs: tuple[int, ...]) -> TrialJob:
        """What all trials have in common."""
        config = self.config
        return TrialJob(
            sweep=config.name,
            data=self.inputs.splits.spec,
            model=config.model,
            epochs=config.epochs,
            rungs=rungs,
            seed=config.seed,
            threads=config.cpus_per_trial,
            gpus=config.gpus_per_trial,
            folder=scratch_folder(config.uid) if self.storage else self.folder.trials,
            storage=self.storage,
            repeats=config.repeats,
            halved=config.halved,
            halves=config.oom == "halve-batch",
        )

    def finalize(self) -> Outcome:
        """Tests the best model, registers it and makes the report.

        Raises:
            SweepError: there is no model.
        """
        from tuner.sweeps import finalize  # noqa: PLC0415 - imports MLflow, scikit-learn and matplotlib

        winner = finalize.find_winner(self.config, self.inputs, self.study, self.folder, self.storage, self.events)
        outcome = replace(self.outcome(), winner=winner)
        write_result(outcome)  # from here on the model is safe, whatever happens next
        self.stop.check()
        outcome = finalize.register_best(outcome, self.tracker, self.store, self.inputs.splits, self.events)
        outcome = replace(outcome, seconds=time.monotonic() - self.started)
        write_result(outcome)
        if self.storage and outcome.winner and outcome.winner.model:
            with suppress(Exception):  # a checkpoint that remains there costs disk, and no sweep
                self.storage.clear()
        return finalize.publish_report(outcome, self.store, self.events)

    def interrupted(self) -> Outcome:
        """Leaves MLflow, and gives what the sweep has so far."""
        return self.outcome(self.shutdown.close("KILLED"))

    def outcome(self, unsent: str = "the sweep stopped before that") -> Outcome:
        """What the sweep has so far, without a winner. `unsent` says why MLflow lacks a part of it."""
        return Outcome(
            config=self.config,
            folder=self.folder.path,
            records=tuple(self.study.records()),
            winner=None,
            seconds=time.monotonic() - self.started,
            unsent=unsent,
            stopped_by=self.stop.number,
        )

    def _measure_cluster(self) -> None:
        if on_cluster():
            from tuner.execution.prometheus import PrometheusMetrics  # noqa: PLC0415 - imports Ray

            self.events.add(PrometheusMetrics(self.config.name))

    def _ticker(self, controller: Controller) -> Callable[[], None]:
        """What is done several times a second while trials run."""
        began, before = time.time(), sum(self.study.spent())

        def summary() -> Summary:
            return summarise(self.config, self.study.records(), controller.live(), began, before)

        def tick() -> None:
            self.tracker.check()
            controller.note_time()
            self._obey(controller)
            self._halt(controller)
            self.lock.note_live(controller.live())
            self.events.on_tick(summary)

        return tick

    def _obey(self, controller: Controller) -> None:
        order = current_order(self.folder.path)
        if order is Order.STOP:
            controller.stop("the sweep was stopped")
        elif order is Order.PAUSE:
            clear_order(self.folder.path)
            self.stop.ask()

    def _halt(self, controller: Controller) -> None:
        """Stops a sweep whose disk takes no more: its trials save what they still can."""
        if controller.halted and not runs_in_process(self.config) and not self.shutdown.halted:
            self.shutdown.halted = str(disk_sweep_error(controller.halted, self.config.name))
            self.stop.ask()

    def _ended(self, controller: Controller) -> bool:
        finished = controller.over and not self.stop.asked
        if finished:
            if controller.hopeless and len(self.study.records()) < self.config.trials:
                self.events.on_note(f"{controller.hopeless}: the search was stopped early")
            controller.finish()
        return finished


def choose_storage(config: SweepConfig, store: Store, executor: Executor) -> CheckpointStorage | None:
    """Where the checkpoints are kept, or None when they lie in the sweep's folder, which all workers see.

    Raises:
        TunerError: the cluster has several nodes, and neither a storage nor an MLflow server.
    """
    storage = UriStorage.of(config)
    if storage:
        storage.check()
        return storage
    if executor.shares_disk:
        return None
    if store.local:
        raise TunerError(
            "the nodes of this cluster share no disk: give --storage URI, or set MLFLOW_TRACKING_URI on the cluster, "
            "so that trials can resume on another node"
        )
    from tuner.tracking.artifacts import ArtifactStorage  # noqa: PLC0415 - imports MLflow

    return ArtifactStorage(store.address, config.pair, config.uid)
