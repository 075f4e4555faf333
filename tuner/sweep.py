"""A sweep from its configuration to a registered model. It can end anywhere and be gone on with from its folder.

MLflow, scikit-learn and Ray Tune take seconds to import; that is done inside the methods, while Ray's workers start.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tuner import orders
from tuner.config import SweepConfig
from tuner.driver import Held, hold
from tuner.errors import one_line
from tuner.materials import Materials
from tuner.outcome import Outcome, Winner, all_failed, write_result
from tuner.policy import Policy
from tuner.progress import Summary, View
from tuner.schedule import rungs
from tuner.search import FILE as JOURNAL
from tuner.search import Study
from tuner.signals import terminated_like_interrupted
from tuner.store import Store
from tuner.tracker import Tracker
from tuner.trial import TrialJob, run_here, to_arrays

if TYPE_CHECKING:
    from tuner.tracking import MlflowSweep


class Sweep:
    """A sweep in its folder, new or begun."""

    def __init__(self, config: SweepConfig, materials: Materials, folder: Path, store: Store, console: Console) -> None:
        """Progress goes to `console`."""
        self._config = config
        self._materials = materials
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
        with hold(self._folder) as held:
            orders.clear(self._folder)
            config = self._config
            self._announce()
            study = Study(self._folder / JOURNAL, config.search_space(), seed=config.seed, trials=config.trials)
            finished, tracker = self._search(study, held)
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
                return replace(outcome, report=self._report())
            return outcome

    def _announce(self) -> None:
        config = self._config
        what = f"[bold]{config.name}[/bold]: {{}} of {config.model} on {config.source.name}, "
        if config.trials == 1:
            self._console.print(f"{what.format('one trial')}{config.epochs} epochs", soft_wrap=True)
            return
        trials = what.format(f"{config.trials} trials")
        self._console.print(
            f"{trials}at most {config.epochs} epochs each, {config.concurrency} at a time", soft_wrap=True
        )

    def _search(self, study: Study, held: Held) -> tuple[bool, Tracker]:
        """Runs trials. Whether the search came to its end, and the tracker that has been told of it."""
        with self._cluster():
            tracker = Tracker(self._connect)
            tracker.catch_up(study.records())
            policy = Policy(self._config, study, self._folder / "trials", tracker)
            try:
                with suppress(KeyboardInterrupt):  # before and after the time in which Ray Tune handles SIGINT
                    if not policy.over:
                        self._run_trials(study, policy, tracker, held)
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
        """Ray, unless there is a single trial, which runs in this process."""
        with ExitStack() as stack:
            if self._config.trials == 1:
                stack.enter_context(terminated_like_interrupted())
            else:
                with self._console.status("Starting Ray"):
                    from tuner.cluster import local_cluster  # noqa: PLC0415

                    stack.enter_context(local_cluster(self._config))
            yield

    def _connect(self) -> MlflowSweep:
        """Called in the tracker's thread."""
        from tuner.tracking import MlflowSweep  # noqa: PLC0415

        self._store.prepare(self._folder.parent)
        return MlflowSweep(self._store, self._config)

    def _run_trials(self, study: Study, policy: Policy, tracker: Tracker, held: Held) -> None:
        config = self._config
        job = TrialJob(
            data=self._materials.splits.spec,
            model=config.model,
            epochs=config.epochs,
            rungs=rungs(config.epochs),
            seed=config.seed,
            threads=config.cpus_per_trial,
            gpu=config.gpus_per_trial > 0,
            folder=self._folder / "trials",
        )

        def summary() -> Summary:
            return Summary.of(config, study.records(), policy.live(), began)

        def tick() -> None:
            tracker.check()
            self._obey(policy)
            held.note_live(policy.live())
            view.tick()

        arrays = to_arrays(self._materials)
        began = time.time()
        with View(config, summary, self._console) as view:
            if config.trials == 1:
                run_here(policy, job, arrays, tick=tick)
                return
            from tuner import raytune  # noqa: PLC0415

            raytune.run(config, policy, job, arrays, tick=tick)

    def _obey(self, policy: Policy) -> None:
        order = orders.given(self._folder)
        if order is orders.Order.STOP:
            policy.stop("it was stopped")
        elif order is orders.Order.PAUSE:
            orders.clear(self._folder)
            os.kill(os.getpid(), signal.SIGINT)  # Ray Tune ends a run gracefully on that

    def _report(self) -> Path | None:
        """Makes the report. A failure is a warning: the result is safe, and the report can be made again."""
        from tuner.report.make import publish  # noqa: PLC0415 - imports matplotlib and plotly

        def warn(message: str) -> None:
            again = f"to make the report again: tuner report {self._config.name}"
            self._console.print(f"warning: {message}; {again}", markup=False, soft_wrap=True)

        try:
            with self._console.status("Making the report"):
                return publish(self._folder, self._store, warn).page
        except (Exception, KeyboardInterrupt) as error:
            warn(f"there is no report: {one_line(error)}")
            return None

    def _conclude(self, study: Study, tracker: Tracker) -> Winner:
        from tuner.crown import crown  # noqa: PLC0415

        best = study.best()
        try:
            if best is None:
                raise all_failed(study.records(), self._folder)
            with self._console.status("Testing and registering the best model"):
                splits, run_id = self._materials.splits, tracker.sweep.run_id
                return crown(self._config, splits, best, self._folder, self._store, run_id)
        except BaseException as error:
            tracker.sweep.end("FAILED" if isinstance(error, Exception) else "KILLED")
            raise
