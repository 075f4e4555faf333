"""Puts a sweep's policy behind Ray Tune's searcher and scheduler interfaces, and runs it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from typing import Any

import ray
from ray import tune
from ray.tune import Callback
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import ConcurrencyLimiter, Searcher

from tuner.core.callback import Decision
from tuner.core.config import SweepConfig
from tuner.core.environment import on_cluster
from tuner.execution.resources import WORKER_SLOTS
from tuner.execution.tune_callbacks import DroppedTrials, StallGuard, Ticker, WorkerDeaths
from tuner.execution.worker import GroupWorker, TrialWorker
from tuner.search.controller import Controller
from tuner.training.trial import Arrays, TrialJob

SLOT = 1  # Ray CPUs per trial on a cluster of this process alone: a slot for a trial, not real cores


ASKING = 1.0  # bytes for a worker that only starts others: Tune requires a demand, and the others need the CPUs


def run(
    config: SweepConfig,
    policy: Controller,
    job: TrialJob,
    arrays: Arrays,
    *,
    tick: Callable[[], None],
    waiting: Callable[[int, int], None],
    ending: Callable[[], bool],
) -> None:
    """Runs trials until the policy is over, or until SIGUSR1, after which trials may still be live.

    Ray is already initialised: with one slot per trial on this machine, with its real cores on a cluster.
    `tick` is called several times a second on this thread, and `waiting` with the numbers of trials that wait for a
    worker and that have one. A worker that is lost while all are `ending` does not count against its trial.
    """
    for name in ("ray.tune", "ray.train", "ray.air"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    scratch = job.folder.parent / "ray"
    trainable, resources = _workers(config, job, arrays)
    searcher = ConcurrencyLimiter(StudySearcher(policy), config.concurrency)
    together = job.workers > 1
    callbacks: list[Callback] = [
        DroppedTrials(policy, searcher),
        WorkerDeaths(policy, ending),
        Ticker(tick, waiting, together=together),
    ]
    if config.trial_timeout:
        callbacks.append(StallGuard(policy, config.trial_timeout, together=together))
    try:
        tune.run(
            trainable,
            name=config.name,
            storage_path=str(scratch),
            num_samples=-1,
            search_alg=searcher,
            scheduler=StudyScheduler(policy),
            resources_per_trial=tune.PlacementGroupFactory([resources]),
            reuse_actors=not together,  # they stop slowly, and a trial whose worker is not ready in time is dropped
            max_failures=config.max_failures,
            raise_on_failed_trial=False,
            callbacks=callbacks,
            trial_name_creator=_trial_name,
            trial_dirname_creator=lambda trial: f"{_trial_name(trial)}-{trial.trial_id}",
            verbose=0,
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _workers(config: SweepConfig, job: TrialJob, arrays: Arrays) -> tuple[Any, dict[str, float]]:
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
    return tune.with_parameters(GroupWorker, **held), {"memory": ASKING}


class StudySearcher(Searcher):  # type: ignore[misc]
    """Gives Ray Tune the policy's next trial. A trial that was paused comes back as a new Ray trial."""

    def __init__(self, policy: Controller) -> None:
        super().__init__()
        self._policy = policy

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # noqa: ARG002
        """The next trial's number and parameters; None when there is none now, FINISHED when there will be none."""
        drawn = self._policy.next_trial()
        if drawn is None:
            return Searcher.FINISHED if self._policy.over else None
        return {"number": drawn[0], "parameters": drawn[1]}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Does nothing: the callbacks have already told the study."""

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Does nothing: the study is already saved."""


class StudyScheduler(FIFOScheduler):  # type: ignore[misc]
    """Hands every report to the policy and passes on its decision."""

    def __init__(self, policy: Controller) -> None:
        super().__init__()
        self._policy = policy

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:  # noqa: ARG002
        """CONTINUE or STOP."""
        decision = self._policy.on_report(trial.config["number"], result)
        return str(TrialScheduler.CONTINUE if decision is Decision.CONTINUE else TrialScheduler.STOP)


def _trial_name(trial: Any) -> str:
    return f"trial-{trial.config['number']:04d}"
