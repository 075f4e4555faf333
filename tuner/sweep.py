"""A sweep from its configuration to a registered model. It can end anywhere and be gone on with from its folder."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray
from rich.console import Console

from tuner import raytune
from tuner.config import SweepConfig
from tuner.data import Splits
from tuner.errors import TunerError
from tuner.machine import gpu_count
from tuner.outcome import Outcome, Winner, all_failed, crown, write_result
from tuner.policy import Policy
from tuner.progress import Summary, View
from tuner.schedule import rungs
from tuner.search import Study
from tuner.store import Store, describe
from tuner.tracking import Tracker
from tuner.trial import TrialJob, to_arrays


class Sweep:
    """A sweep in its folder, new or begun."""

    def __init__(self, config: SweepConfig, splits: Splits, folder: Path, store: Store, console: Console) -> None:
        """Progress goes to `console`."""
        self._config = config
        self._splits = splits
        self._folder = folder
        self._store = store
        self._console = console

    def run(self) -> Outcome:
        """Runs what is left of the sweep, then tests and registers its best model.

        SIGINT and SIGTERM end it early, with the trials saved to go on and no winner.

        Raises:
            TunerError: another process runs it.
            SweepError: there is no model to register.
        """
        started = time.monotonic()
        with _held(self._folder):
            config = self._config
            study = Study(self._folder / "study.log", config.search_space(), seed=config.seed, trials=config.trials)
            with _cluster(config, self._console):
                tracker = self._tracker()
                tracker.sync(study.records())
                policy = Policy(config, study, self._folder / "trials", tracker)
                if not policy.over:
                    self._search(study, policy)
            finished = policy.over
            if finished:
                policy.finish()
            else:
                tracker.interrupted(study.records())
            unsent = tracker.close()
            winner = self._conclude(study, tracker) if finished else None
            outcome = Outcome(
                config=config,
                folder=self._folder,
                records=tuple(study.records()),
                winner=winner,
                seconds=time.monotonic() - started,
                unsent=str(unsent or ""),
            )
            tracker.end("FINISHED" if winner else "KILLED")
            if winner:
                write_result(outcome)
            return outcome

    def _tracker(self) -> Tracker:
        self._store.prepare(self._folder.parent)
        return Tracker(self._store.uri, self._store.artifacts, self._config, describe(self._config))

    def _search(self, study: Study, policy: Policy) -> None:
        config = self._config
        job = TrialJob(
            data=self._splits.spec,
            model=config.model,
            epochs=config.epochs,
            rungs=rungs(config.epochs),
            seed=config.seed,
            threads=config.cpus_per_trial,
            folder=self._folder / "trials",
        )

        def summary() -> Summary:
            return Summary.of(config, study.records(), policy.live())

        with View(config, summary, self._console) as view:
            raytune.run(config, policy, job, to_arrays(self._splits), tick=view.tick)

    def _conclude(self, study: Study, tracker: Tracker) -> Winner:
        best = study.best()
        try:
            if best is None:
                raise all_failed(study.records(), self._folder)
            with self._console.status("Testing and registering the best model"):
                return crown(self._config, self._splits, best, self._folder, self._store, tracker.parent_id)
        except Exception:
            tracker.end("FAILED")
            raise


@contextmanager
def _cluster(config: SweepConfig, console: Console) -> Iterator[None]:
    """A Ray cluster of this process alone, on this machine."""
    with console.status("Starting Ray"):
        ray.init(
            address="local",
            num_cpus=config.concurrency * config.cpus_per_trial,
            num_gpus=gpu_count(),
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            _temp_dir=os.environ.get("TUNER_RAY_TMPDIR"),
        )
    terminate = signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, terminate)
        ray.shutdown()


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keeps any other process from running the same sweep. The system lets go of it when this process dies."""
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TunerError(f"the sweep {folder.name} is running in another process") from None
        yield
