"""A sweep from its configuration to a registered model. It can end anywhere and be gone on with from its folder.

MLflow, scikit-learn and Ray Tune take seconds to import; that is done inside the methods, while Ray's workers start.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tuner.cluster import local_cluster
from tuner.config import SweepConfig
from tuner.data import Splits
from tuner.errors import TunerError
from tuner.outcome import Outcome, Winner, all_failed, write_result
from tuner.policy import Policy
from tuner.progress import Summary, View
from tuner.schedule import rungs
from tuner.search import Study
from tuner.store import Store
from tuner.tracker import Tracker

if TYPE_CHECKING:
    from tuner.tracking import MlflowSweep


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
            self._console.print(
                f"[bold]{config.name}[/bold]: {config.trials} trials of {config.model} on {config.dataset}, "
                f"at most {config.epochs} epochs each, {config.concurrency} at a time",
                soft_wrap=True,
            )
            study = Study(self._folder / "study.log", config.search_space(), seed=config.seed, trials=config.trials)
            finished, tracker = self._search(study)
            unsent = tracker.close()
            winner = self._conclude(study, tracker) if finished else None
            tracker.sweep.end("FINISHED" if winner else "KILLED")
            outcome = Outcome(
                config=config,
                folder=self._folder,
                records=tuple(study.records()),
                winner=winner,
                seconds=time.monotonic() - started,
                unsent=str(unsent or ""),
            )
            if winner:
                write_result(outcome)
            return outcome

    def _search(self, study: Study) -> tuple[bool, Tracker]:
        """Runs trials. Whether the search came to its end, and the tracker that has been told of it."""
        with self._cluster():
            tracker = Tracker(self._connect)
            tracker.catch_up(study.records())
            policy = Policy(self._config, study, self._folder / "trials", tracker)
            try:
                with suppress(KeyboardInterrupt):  # before and after the time in which Ray Tune handles SIGINT
                    if not policy.over:
                        self._run_trials(study, policy, tracker)
            except Exception:
                tracker.abandon(study.records())
                raise
        if policy.over:
            policy.finish()
        else:
            tracker.interrupted(study.records())
        return policy.over, tracker

    @contextmanager
    def _cluster(self) -> Iterator[None]:
        with ExitStack() as stack:
            with self._console.status("Starting Ray"):
                stack.enter_context(local_cluster(self._config))
            yield

    def _connect(self) -> MlflowSweep:
        """Called in the tracker's thread."""
        from tuner.tracking import MlflowSweep  # noqa: PLC0415

        self._store.prepare(self._folder.parent)
        return MlflowSweep(self._store, self._config)

    def _run_trials(self, study: Study, policy: Policy, tracker: Tracker) -> None:
        from tuner import raytune  # noqa: PLC0415
        from tuner.trial import TrialJob, to_arrays  # noqa: PLC0415

        config = self._config
        job = TrialJob(
            data=self._splits.spec,
            model=config.model,
            epochs=config.epochs,
            rungs=rungs(config.epochs),
            seed=config.seed,
            threads=config.cpus_per_trial,
            gpu=config.gpus_per_trial > 0,
            folder=self._folder / "trials",
        )

        def summary() -> Summary:
            return Summary.of(config, study.records(), policy.live())

        def tick() -> None:
            tracker.check()
            view.tick()

        with View(config, summary, self._console) as view:
            raytune.run(config, policy, job, to_arrays(self._splits), tick=tick)

    def _conclude(self, study: Study, tracker: Tracker) -> Winner:
        from tuner.crown import crown  # noqa: PLC0415

        best = study.best()
        try:
            if best is None:
                raise all_failed(study.records(), self._folder)
            with self._console.status("Testing and registering the best model"):
                return crown(self._config, self._splits, best, self._folder, self._store, tracker.sweep.run_id)
        except BaseException as error:
            tracker.sweep.end("FAILED" if isinstance(error, Exception) else "KILLED")
            raise


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keeps any other process from running the same sweep. The system lets go of it when this process dies."""
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TunerError(f"the sweep {folder.name} is running in another process") from None
        yield
