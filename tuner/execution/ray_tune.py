"""Puts a sweep's controller behind Ray Tune's searcher and scheduler interfaces, and runs it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, NoReturn, Self

import ray
from ray import tune
from ray.tune import Callback
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import ConcurrencyLimiter, Searcher

from tuner.core.config import SweepConfig
from tuner.core.environment import on_cluster, was_sent
from tuner.core.errors import SweepError, disk_sweep_error, find_disk_error
from tuner.core.sweep_folder import SweepFolder
from tuner.execution.fair_share import share_cluster
from tuner.execution.ray_folder import full_disk
from tuner.execution.ray_session import dead_processes, kill_processes, nodes, ray_session
from tuner.execution.ray_watchdog import Watchdog
from tuner.execution.resources import WORKER_SLOTS
from tuner.execution.results import to_report
from tuner.execution.signals import Stop
from tuner.execution.tune_callbacks import DroppedTrials, StallGuard, Ticker, WaitNotice
from tuner.execution.worker import GroupWorker, TrialWorker
from tuner.execution.worker_deaths import WorkerDeaths
from tuner.search.controller import Controller
from tuner.search.schedulers.base import Decision
from tuner.training.job import Arrays, Job

SLOT = 1  # Ray CPUs per trial on a Ray of this process alone: a slot for a trial, not real cores
GROUP_BYTES = 1.0  # of memory, for a worker that has others train: Ray Tune wants a demand, and the CPUs are for those


class RayExecutor:
    """Runs trials side by side with Ray Tune: on a Ray of this process alone, or on the cluster it is on."""

    def __init__(
        self,
        config: SweepConfig,
        folder: SweepFolder,
        stop: Stop,
        on_dead: Callable[[str, Callable[[], None]], NoReturn],
        *,
        dashboard: bool = False,
    ) -> None:
        """See `executor.make_executor`."""
        self.dashboard = ""
        self._config = config
        self._with_dashboard = dashboard
        self._scratch = folder.ray
        self._stop = stop
        self._watchdog = Watchdog(stop, dead_processes, lambda reason: on_dead(full_disk() or reason, kill_processes))
        self._stack = ExitStack()
        self._broken = ""

    @property
    def shares_disk(self) -> bool:
        """See Executor. To be asked when it is entered."""
        return not was_sent() or len(nodes()) == 1

    def __enter__(self) -> Self:
        session = ray_session(self._config, self._stop, self._watchdog, dashboard=self._with_dashboard)
        self.dashboard = self._stack.enter_context(session)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def run(self, controller: Controller, job: Job, arrays: Arrays, *, tick: Callable[[], None]) -> None:
        """See Executor. A Ray of this process alone has a slot for each trial, a cluster its real cores.

        Raises:
            SweepError: workers cannot import what trials need, or the disk of Ray's files is full.
        """
        with ExitStack() as stack:
            waiting: Callable[[int, int], None] = _nothing  # our own Ray has room for all
            if on_cluster():
                stack.enter_context(share_cluster(self._config, controller))
                waiting = WaitNotice(self._config, partial(controller.note, warning=False)).note
            stack.enter_context(self._stop.tune_running())
            try:
                self._run_tune(controller, job, arrays, tick, waiting)
            except Exception as error:
                disk, full = find_disk_error(error), full_disk()
                if not full or (disk and disk.filename):
                    raise
                raise disk_sweep_error(full, self._config.name) from error
        if self._broken and not self._stop.asked:
            kept = f"all trials so far are kept; to continue: tuner resume {self._config.name}"
            raise SweepError(f"no worker can start: {self._broken}; {kept}")

    def _ending(self) -> bool:
        """Whether all workers end, so that losing one is no fault of its trial's."""
        return self._stop.asked or bool(self._broken) or bool(dead_processes())

    def _give_up(self, why: str) -> None:
        """Ends Ray Tune's run: whichever worker it starts, it fails alike."""
        self._broken = why
        self._stop.end_tune()

    def _run_tune(
        self,
        controller: Controller,
        job: Job,
        arrays: Arrays,
        tick: Callable[[], None],
        waiting: Callable[[int, int], None],
    ) -> None:
        """Returns when the controller is over, or on SIGUSR1, with trials still live."""
        for name in ("ray.tune", "ray.train", "ray.air"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        config, together = self._config, job.workers > 1
        trainable, resources = _workers(config, job, arrays)
        searcher = ConcurrencyLimiter(StudySearcher(controller), config.concurrency)
        callbacks: list[Callback] = [
            DroppedTrials(controller, searcher),
            WorkerDeaths(controller, self._ending, self._give_up),
            Ticker(tick, waiting, together=together),
        ]
        if config.trial_timeout:
            callbacks.append(StallGuard(controller, config.trial_timeout, together=together))
        try:
            tune.run(
                trainable,
                name=config.name,
                storage_path=str(self._scratch),
                num_samples=-1,
                search_alg=searcher,
                scheduler=StudyScheduler(controller),
                resources_per_trial=tune.PlacementGroupFactory([resources]),
                reuse_actors=not together,  # a group ends slowly, and Ray Tune drops a worker that is not ready in time
                max_failures=config.max_failures,
                raise_on_failed_trial=False,
                callbacks=callbacks,
                trial_name_creator=_trial_name,
                trial_dirname_creator=lambda trial: f"{_trial_name(trial)}-{trial.trial_id}",
                verbose=0,
            )
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)


def _nothing(*_: object) -> None: ...


def _workers(config: SweepConfig, job: Job, arrays: Arrays) -> tuple[Any, dict[str, float]]:
    """The trainable that runs the trials, and the resources that Ray reserves for each of the parallel ones."""
    demand = {
        "CPU": (config.cpus_per_trial if on_cluster() else SLOT) / job.workers,
        "GPU": config.gpus_per_trial / job.workers,
    }
    if config.workers_per_node is not None:
        demand[WORKER_SLOTS] = 1 / config.workers_per_node
    if job.workers == 1:
        return tune.with_parameters(TrialWorker, job=job, arrays=arrays), demand
    held = {"job": job, "arrays": [ray.put(arrays)], "resources": demand}
    return tune.with_parameters(GroupWorker, **held), {"memory": GROUP_BYTES}


class StudySearcher(Searcher):  # type: ignore[misc]
    """Gives Ray Tune the controller's next trial. A trial that was paused comes back as a new Ray trial."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # noqa: ARG002
        """The next trial's number and parameters; None when there is none now, FINISHED when there will be none."""
        drawn = self._controller.next_trial()
        if drawn is None:
            return Searcher.FINISHED if self._controller.over else None
        return {"number": drawn[0], "parameters": drawn[1]}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Does nothing: the callbacks have already told the study."""

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Does nothing: the study is already saved."""


class StudyScheduler(FIFOScheduler):  # type: ignore[misc]
    """Hands every report to the controller and passes on its decision."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:  # noqa: ARG002
        """CONTINUE or STOP."""
        decision = self._controller.on_report(trial.config["number"], to_report(result))
        return str(TrialScheduler.CONTINUE if decision is Decision.CONTINUE else TrialScheduler.STOP)

    def choose_trial_to_run(self, tune_controller: Any) -> None:
        """Leaves it to Ray Tune, which starts new trials in their order.

        FIFOScheduler names the first trial that waits, after a look at all that ever were. That trial gets the worker
        that is free now, and the one that is starting for it is ended: of 8 workers on 2 cores, 3 never got to train.
        """


def _trial_name(trial: Any) -> str:
    return f"trial-{trial.config['number']:04d}"
