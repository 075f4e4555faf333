"""A trial that trains on several GPUs of a node: Ray Train starts a process for each, PyTorch's DDP joins them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from tempfile import mkdtemp
from typing import Any

import ray
import torch
from ray import train
from ray.actor import ActorHandle
from ray.train import RunConfig, ScalingConfig, WorkerGroupError
from ray.train.torch import TorchConfig, TorchTrainer, get_device

from tuner.core.records import Value
from tuner.core.sweep_folder import checkpoint_folder
from tuner.core.trial_report import Report, TrialReport
from tuner.execution.ray_session import this_node
from tuner.training.checkpoint_sync import release_folder
from tuner.training.distributed import Ranks
from tuner.training.trial import TrialJob, train_trial, with_half_batches
from tuner.training.trial_data import to_trial_data


class ResultExchange:
    """Connects the first of those processes with the trial's worker. Each waits here for the other."""

    def __init__(self) -> None:
        self._reports: asyncio.Queue[TrialReport | None] = asyncio.Queue()
        self._answers: asyncio.Queue[bool] = asyncio.Queue()

    async def ask(self, report: TrialReport) -> bool:
        """Hands in a report. Returns whether to continue."""
        await self._reports.put(report)
        return await self._answers.get()

    async def close(self) -> None:
        """There will be no more reports."""
        await self._reports.put(None)

    async def next(self) -> TrialReport | None:
        """The next report; None when there will be no more."""
        return await self._reports.get()

    async def answer(self, go_on: bool) -> None:
        """To the last report."""
        await self._answers.put(go_on)


def new_exchange() -> ActorHandle[ResultExchange]:
    """A Ray actor that lives as long as there is a handle to it."""
    return ray.remote(num_cpus=0)(ResultExchange).remote()


BACKEND = "gloo"  # for tensors on CPUs; the gradients on GPUs have a process group of their own


class FailedRankError(Exception):
    """A process could not continue, so the others are stopped. Its argument is the report of the failure."""


@dataclass(frozen=True, kw_only=True)
class GroupTask:
    """The trial that each of the processes trains."""

    job: TrialJob
    number: int
    parameters: Mapping[str, Value]
    arrays: ray.ObjectRef[Any]


def train_together(task: GroupTask, resources: Mapping[str, float], report: Report) -> None:
    """Runs a trial like `run_trial`, but in `job.workers` processes on one node, each with these resources.

    Raises:
        ray.train.TrainingFailedError: a process was lost; the trial may resume from its checkpoint.
    """
    exchange = new_exchange()
    scratch = mkdtemp(prefix="tuner-train-")  # Ray Train requires a folder, but has nothing to write there
    trainer = TorchTrainer(
        train_part,
        train_loop_config={"task": task, "exchange": exchange},
        scaling_config=ScalingConfig(
            num_workers=task.job.workers,
            use_gpu=True,
            resources_per_worker=dict(resources),
            placement_strategy="STRICT_PACK",
        ),
        torch_config=TorchConfig(backend=BACKEND),
        run_config=RunConfig(name=f"{task.job.sweep}-{task.number:04d}", storage_path=scratch),
    )
    try:
        with ThreadPoolExecutor(1) as pool:
            fitting = pool.submit(trainer.fit)
            fitting.add_done_callback(lambda _: exchange.close.remote())
            reached = _pass_on(exchange, report)
            failure = _failure(fitting.exception())
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if failure and failure.out_of_memory and task.job.halves:
        train_together(replace(task, job=with_half_batches(task.job, reached + 1)), resources, report)
    elif failure:
        report(failure)


def train_part(config: dict[str, Any]) -> None:
    """The function that Ray Train runs in each process, inside torch's process group.

    Raises:
        FailedRankError: the process could not continue.
    """
    task: GroupTask = config["task"]
    exchange: ActorHandle[Any] = config["exchange"]
    job, context = task.job, train.get_context()
    ranks = Ranks(context.get_world_rank(), context.get_world_size())
    torch.set_num_threads(max(1, job.threads // ranks.size))

    def report(told: TrialReport) -> None:
        asked = ranks.first and ray.get(exchange.ask.remote(replace(told, node=this_node())))
        if not ranks.agree(asked):
            raise SystemExit

    device = get_device() if torch.cuda.is_available() else torch.device("cpu")  # if the cluster only declares GPUs
    data = to_trial_data(ray.get(task.arrays), device)
    try:
        with suppress(SystemExit):
            if failure := train_trial(job, task.number, task.parameters, data, report, ranks):
                raise FailedRankError(failure)
    finally:
        if job.storage and ranks.first:
            release_folder(checkpoint_folder(job.folder, task.number))


def _pass_on(exchange: ActorHandle[Any], report: Report) -> int:
    """Passes on the results of the processes until they have ended. If Ray stops the trial, they stop too.

    Returns the last epoch.
    """
    reached = 0
    while told := ray.get(exchange.next.remote()):
        reached = max(reached, told.epoch)
        try:
            report(told)
        except SystemExit:
            exchange.answer.remote(go_on=False)
            raise
        exchange.answer.remote(go_on=True)
    return reached


def _failure(error: BaseException | None) -> TrialReport | None:
    """What is to be reported of the trial. Raises `error` when it says that a process was lost."""
    if error is None:
        return None
    failures = error.worker_failures.values() if isinstance(error, WorkerGroupError) else ()
    for failure in failures:
        told = getattr(failure, "_base_exc", failure)
        if isinstance(told, FailedRankError):
            reported: TrialReport = told.args[0]
            return reported
    raise error
