"""How trials share the CPU cores and GPUs of a machine or of a cluster's nodes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tuner.core.errors import TunerError
from tuner.core.machine import cpu_count, gpu_count

LEAST_SHARE = 1e-4  # of a GPU
MOST_CPU_TRIALS = 8  # more cores speed up each trial instead of adding trials, since TPE learns from every result


@dataclass(frozen=True, kw_only=True)
class ResourceRequest:
    """The user's wishes for parallel trials; None leaves a choice open."""

    trials: int
    """Number of trials of the sweep."""
    concurrency: int | None = None
    """Number of trials that run in parallel."""
    cpus_per_trial: int | None = None
    gpus_per_trial: float | None = None
    """0, a fraction of a GPU, or a whole number of GPUs."""
    workers_per_node: int | None = None
    """Maximum number of training processes on one node."""


@dataclass(frozen=True, kw_only=True)
class TrialResources:
    """How many trials run in parallel, and what each of them takes."""

    concurrency: int
    cpus_per_trial: int
    gpus_per_trial: float


def local_resources(asked: ResourceRequest) -> TrialResources:
    """Fills in what the user left open: one trial on each GPU, or all cores where there is no GPU.

    Raises:
        TunerError: this machine does not have what is requested.
    """
    cpus, gpus = cpu_count(), gpu_count()
    gpus_per_trial = asked.gpus_per_trial
    if gpus_per_trial is None:
        gpus_per_trial = 1.0 if gpus else 0.0
    check_gpus(gpus_per_trial)
    if gpus_per_trial > gpus:
        here = f"this machine has {gpus}" if gpus else "no GPU here: leave the option out to train on the CPU"
        raise TunerError(f"--gpus-per-trial {gpus_per_trial:g}: {here}")
    if gpus_per_trial:  # a trial mostly waits for its GPU, so cores may be shared
        fitting = trials_on(gpus, gpus_per_trial)
    else:
        least = asked.cpus_per_trial or (1 if asked.concurrency else max(1, cpus // MOST_CPU_TRIALS))
        fitting = cpus // least
        if not fitting:
            raise TunerError(f"--cpus-per-trial {least}: this machine has {cpus} CPU cores")
    if asked.concurrency is not None and asked.concurrency > fitting:
        what = f"{gpus} GPUs" if gpus_per_trial else f"{cpus} CPU cores"
        raise TunerError(f"--concurrency {asked.concurrency}: {what} have room for {fitting} such trials at a time")
    if asked.workers_per_node is not None:
        fitting = min(fitting, most_trials(asked.workers_per_node, gpus_per_trial))
    concurrency = min(asked.concurrency or fitting, asked.trials, fitting)
    return TrialResources(
        concurrency=concurrency,
        cpus_per_trial=asked.cpus_per_trial or max(1, cpus // concurrency),
        gpus_per_trial=gpus_per_trial,
    )


def trials_on(gpus: int, gpus_per_trial: float) -> int:
    """How many trials fit on this many GPUs, when each takes `gpus_per_trial`: a fraction of one, or a whole number."""
    if gpus_per_trial < 1:
        return gpus * int(1 / gpus_per_trial + 1e-9)
    return gpus // int(gpus_per_trial)


def most_trials(workers: int, gpus_per_trial: float) -> int:
    """How many trials fit on a node with at most this many training processes.

    Raises:
        TunerError: not even one trial fits.
    """
    together = max(1, int(gpus_per_trial))
    if workers < together:
        raise TunerError(f"--workers-per-node {workers}: a trial with {together} GPUs takes {together} workers")
    return workers // together


def check_gpus(asked: float) -> None:
    """Raises TunerError unless it is a fraction of a GPU, or a whole number of GPUs."""
    if not 0 <= asked < math.inf:
        raise TunerError(f"--gpus-per-trial {asked:g}: must be a number of at least 0")
    if 0 < asked < LEAST_SHARE:
        raise TunerError(f"--gpus-per-trial {asked:g}: Ray shares a GPU among at most {1 / LEAST_SHARE:.0f} trials")
    if asked > 1 and asked != int(asked):
        whole = max(1, int(asked))
        raise TunerError(
            f"--gpus-per-trial {asked:g}: give a whole number, such as {whole}, or a fraction below 1 to share a GPU"
        )


WORKER_SLOTS = "tuner"
"""The custom resource, 1 per node, that workers take a part of when the workers per node are limited.

Ray has it only if the nodes are started with it. The implicit resources that Ray Serve uses for its
max_replicas_per_node would need no set-up, but a placement group with one crashes the node's raylet (seen with Ray
2.60), and Ray Tune places trials in placement groups.
"""


@dataclass(frozen=True, kw_only=True)
class Node:
    """The total resources of a node, or of a node type that an autoscaler may start."""

    cpus: int
    gpus: int
    places: float = 0.0
    """Amount of the resource that limits workers, see PLACES."""
    count: int = 1
    """How many such nodes there are, or may be started."""

    def slots(self, cpus: int, gpus: float, workers: int | None = None) -> int:
        """How many trials with this demand fit side by side, with at most this many workers on a node."""
        fitting = min(trials_on(self.gpus, gpus) if gpus else self.cpus, self.cpus // cpus)
        if workers is not None:
            fitting = min(fitting, int(self.places * most_trials(workers, gpus)))
        return self.count * fitting

    def __str__(self) -> str:
        gpus = f" and {self.gpus} {'GPU' if self.gpus == 1 else 'GPUs'}" if self.gpus else ""
        return f"{self.cpus} CPUs{gpus}"


def cluster_resources(nodes: Sequence[Node], asked: ResourceRequest) -> TrialResources:
    """Fills in what the user left open: one trial on each GPU of the cluster, or else at most eight on each node.

    Args:
        nodes: those of the cluster, and those that its autoscaler may start.
        asked: what the user wants.

    Raises:
        TunerError: no node has room for such a trial.
    """
    gpus_per_trial = asked.gpus_per_trial
    if gpus_per_trial is None:
        gpus_per_trial = 1.0 if any(node.gpus for node in nodes) else 0.0
    check_gpus(gpus_per_trial)
    cpus = asked.cpus_per_trial or _cpus(nodes, gpus_per_trial)
    if asked.workers_per_node and not any(node.places for node in nodes):
        how = f"""ray start --resources='{{"{WORKER_SLOTS}": 1}}'"""
        raise TunerError(f"--workers-per-node {asked.workers_per_node}: start the cluster's nodes with {how}")
    fitting = sum(node.slots(cpus, gpus_per_trial, asked.workers_per_node) for node in nodes)
    if not fitting:
        wanted = Node(cpus=cpus, gpus=0)
        gpus = f" and {gpus_per_trial:g} GPU{'s' if gpus_per_trial > 1 else ''}" if gpus_per_trial else ""
        has = ", ".join(sorted({str(node) for node in nodes})) or "nothing"
        raise TunerError(f"no node of the cluster has {wanted}{gpus} for a trial: the nodes have {has}")
    if asked.concurrency is not None and asked.concurrency > fitting:
        raise TunerError(f"--concurrency {asked.concurrency}: the cluster has room for {fitting} such trials at a time")
    return TrialResources(
        concurrency=min(asked.concurrency or fitting, asked.trials), cpus_per_trial=cpus, gpus_per_trial=gpus_per_trial
    )


def _cpus(nodes: Sequence[Node], gpus: float) -> int:
    """The cores of each trial, so that the smallest node can run a trial on each GPU, or else eight trials."""
    if gpus:
        slots = [(node.cpus, trials_on(node.gpus, gpus)) for node in nodes]
        return max(1, min((cpus // trials for cpus, trials in slots if trials), default=1))
    return max(1, min((node.cpus // MOST_CPU_TRIALS for node in nodes if node.cpus), default=1))
