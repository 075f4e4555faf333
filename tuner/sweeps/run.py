"""A running sweep, from its configuration to a registered model. It can stop anywhere and be resumed.

MLflow, scikit-learn and Ray take seconds to import; that is done inside the methods, while Ray's workers start.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial

from tuner.core.callback import Callback, Callbacks
from tuner.core.config import SweepConfig
from tuner.core.environment import on_cluster
from tuner.core.errors import printable
from tuner.core.outcome import Outcome, Winner
from tuner.core.result_file import read_winner, write_result
from tuner.core.sweep_folder import SweepFolder
from tuner.execution.executor import make_executor, runs_in_process
from tuner.execution.signals import Stop
from tuner.search.budgets import states_in
from tuner.search.study import Study
from tuner.sweeps.announcement import dashboard_text
from tuner.sweeps.checkpoint_place import choose_storage
from tuner.sweeps.confirming import Trainings
from tuner.sweeps.growth import keep_result
from tuner.sweeps.inputs import Inputs, SweepInputs
from tuner.sweeps.lock import SweepLock, lock_sweep
from tuner.sweeps.phase_planner import PhasePlanner
from tuner.sweeps.phases import PhaseRunner
from tuner.sweeps.resume import repair_folder
from tuner.sweeps.shutdown import Shutdown
from tuner.sweeps.stopwatch import Stopwatch
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.connection import connect_sweep
from tuner.tracking.store import Store
from tuner.training.checkpoint_storage import CheckpointStorage


@dataclass(kw_only=True)
class SweepRun:
    """A sweep that this process runs, new or resumed."""

    config: SweepConfig
    folder: SweepFolder
    inputs: Inputs
    trainings: Trainings
    store: Store
    tracker: BackgroundTracker
    events: Callbacks
    stop: Stop
    lock: SweepLock
    shutdown: Shutdown
    stopwatch: Stopwatch
    dashboard: bool = False
    """Whether a Ray that is started for it has its dashboard."""
    storage: CheckpointStorage | None = None
    """Where the checkpoints are, when they are not in the folder."""

    @classmethod
    @contextmanager
    def open(
        cls,
        config: SweepConfig,
        folder: SweepFolder,
        inputs: Inputs,
        callbacks: Sequence[Callback],
        *,
        dashboard: bool = False,
    ) -> Iterator[SweepRun]:
        """Locks the sweep, and hears the signals that stop it, as long as the block lasts.

        Raises:
            TunerError: another process runs it, or a user must change something.
            SweepError: it failed; the error is noted in its folder.
            SweepStopped: a signal came when there was no trial to save.
        """
        store, stop, events, began = Store.of(folder.home), Stop(), Callbacks(callbacks), time.time()
        for note in inputs.notes:
            events.on_note(printable(note), warning=False)
        folder.error.unlink(missing_ok=True)
        with lock_sweep(folder.path) as lock, stop.listening():
            if isinstance(inputs, SweepInputs):
                lock.note(samples=len(inputs.splits.validation.targets))
            events.on_sweep_begin(config, confirms=folder.confirm_plan.exists())
            study = Study.of(config, folder)
            for note in repair_folder(study, folder.path):
                events.on_note(note)
            trainings = Trainings.of(config, folder, study, events)
            connect = partial(connect_sweep, store, config, began)
            tracker = BackgroundTracker(connect, trainings.record, ask=store.ask, note=events.on_note, file=store.file)
            events.add(tracker)
            shutdown = Shutdown(folder, trainings.records, tracker, lock, stop, events)
            run = cls(
                config=config,
                folder=folder,
                inputs=inputs,
                trainings=trainings,
                store=store,
                tracker=tracker,
                events=events,
                stop=stop,
                lock=lock,
                shutdown=shutdown,
                stopwatch=Stopwatch.of(folder),
                dashboard=dashboard,
            )
            shutdown.interrupted = run.outcome
            with shutdown.closing():
                yield run

    def search(self) -> bool:
        """Runs trials, and then the trainings that confirm the best one and that refit it, if these are asked for.

        Returns whether all came to its end; False when it was interrupted.
        """
        ended = []
        in_process = runs_in_process(self.config)
        runner = PhaseRunner(
            self.folder, self.tracker, self.events, self.stop, self.lock, self.shutdown, in_process=in_process
        )
        with ExitStack() as stack:
            stack.enter_context(self.trainings.study.asking_ahead(self.config.concurrency))
            with self.events.phase("" if in_process else "Starting Ray"):
                give_up = self.shutdown.give_up
                executor = make_executor(self.config, self.folder, self.stop, give_up, dashboard=self.dashboard)
                stack.enter_context(executor)
                self.storage = choose_storage(self.config, self.store, executor)
                self._measure_cluster()
            if self.dashboard:
                self.lock.note(dashboard=executor.dashboard)
                self.events.on_note(dashboard_text(executor.dashboard), warning=False)
            self.tracker.start()  # MLflow is imported after Ray has started, not beside it
            self.tracker.catch_up(self.trainings.records())
            planner = PhasePlanner(
                config=self.config,
                folder=self.folder,
                inputs=self.inputs,
                trainings=self.trainings,
                storage=self.storage,
                tracker=self.tracker,
                events=self.events,
            )
            for begin in (planner.begin_search, planner.begin_confirming, planner.begin_refitting):
                phase = begin()
                if phase is not None:
                    with self.stopwatch.confirming() if phase.confirms and not phase.controller.over else nullcontext():
                        done = runner.run(phase, executor, self.inputs.to_arrays())
                    if not done:
                        return False
                    ended.append(phase.controller)
        for controller in ended:  # again, after all workers have saved and ended
            controller.finish()
        return True

    def finalize(self) -> Outcome:
        """Tests the best model, registers it and makes the report.

        Raises:
            SweepError: there is no model.
        """
        from tuner.sweeps import baselines, finalize, publication, registration, tidying  # noqa: PLC0415 - imports MLflow, scikit-learn and matplotlib

        if not isinstance(self.inputs, SweepInputs):
            return self._finalize_program()
        config, inputs, folder, storage, events = self.config, self.inputs, self.folder, self.storage, self.events
        if folder.result.exists():
            winner = read_winner(folder.path, self.trainings.study.records())
        else:
            winner = finalize.find_winner(config, inputs, self.trainings, folder, storage, events)
        confirming = self.trainings.confirming
        winner = finalize.with_confirmation(config, confirming, winner, inputs.splits, folder, storage, events)
        outcome = keep_result(replace(self.outcome(), winner=winner))  # from here on the model is safe
        self.trainings.clear(mixed=config.ensemble > 0)
        tidying.tidy_checkpoints(folder, self.trainings.study.records())
        outcome = baselines.with_baselines(outcome, inputs, folder, events)
        self.stop.check()
        outcome = registration.register_best(outcome, self.tracker, self.store, inputs.splits, events)
        outcome = replace(outcome, seconds=self.stopwatch.seconds)
        write_result(outcome)
        if config.ensemble:
            self._make_ensemble(outcome.winner or winner)
        if self.storage and outcome.winner and outcome.winner.model:
            with suppress(Exception):  # a checkpoint that remains there costs disk, and no sweep
                self.storage.clear()
        return publication.publish_report(outcome, self.store, self.events)

    def _make_ensemble(self, winner: Winner) -> None:
        from tuner.sweeps.ensemble import make_at_end  # noqa: PLC0415 - imports MLflow

        assert isinstance(self.inputs, SweepInputs)
        with self.events.phase("Trying mixtures of the models"):
            make_at_end(self.config, self.folder, self.inputs.splits, winner, self.trainings, self.storage, self.events)

    def _finalize_program(self) -> Outcome:
        from tuner.sweeps import program_finish, publication  # noqa: PLC0415 - imports MLflow and matplotlib

        own = program_finish.find_own_winner(self.config, self.trainings.study, self.folder, self.storage)
        outcome = keep_result(replace(self.outcome(), own=own))  # from here on it is safe
        self.stop.check()
        outcome = program_finish.register_own_outcome(outcome, self.tracker, self.store, self.events)
        outcome = replace(outcome, seconds=self.stopwatch.seconds)
        write_result(outcome)
        return publication.publish_report(outcome, self.store, self.events)

    def interrupted(self) -> Outcome:
        """Leaves MLflow, and gives what the sweep has so far."""
        return self.outcome(self.shutdown.close("KILLED"))

    def outcome(self, unsent: str = "the sweep stopped before that") -> Outcome:
        """What the sweep has so far, without a winner. `unsent` says why MLflow lacks a part of it."""
        study = self.trainings.study
        return Outcome(
            config=self.config,
            folder=self.folder.path,
            records=tuple(study.records()),
            winner=None,
            ended_by=study.ended_by,
            budgets=states_in(self.config, study),
            seconds=self.stopwatch.seconds,
            confirm_seconds=self.stopwatch.confirmed,
            unsent=unsent,
            stopped_by=self.stop.number,
        )

    def _measure_cluster(self) -> None:
        if on_cluster():
            from tuner.execution.prometheus import PrometheusMetrics  # noqa: PLC0415 - imports Ray

            self.events.add(PrometheusMetrics(self.config.name))
