"""How trials share the CPU cores and GPUs of a machine or of a cluster's nodes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tuner.core.errors import TunerError
from tuner.core.machine import cpu_count, gpu_count

LEAST_SHARE = 1e-4  # of a GPU


MOST_CPU_TRIALS = 8  # beyond that, cores speed up trials rather than adding more of them: TPE learns from each result


@dataclass(frozen=True, kw_only=True)
class ResourceRequest:
    """How trials are to run side by side; None is left open."""

    trials: int
    """How many there will be in all."""
    concurrency: int | None = None
    """Trials side by side."""
    cpus_per_trial: int | None = None
    gpus_per_trial: float | None = None
    """0, a share of one, or a whole number of them."""
    workers_per_node: int | None = None
    """The most processes that train on one node."""


@dataclass(frozen=True, kw_only=True)
class TrialResources:
    """How trials run side by side."""

    concurrency: int
    cpus_per_trial: int
    gpus_per_trial: float


def local_resources(asked: ResourceRequest) -> TrialResources:
    """Fills in what the user left open: all GPUs with a trial each, or else all cores.

    Raises:
        TunerError: this machine has not got what is asked for.
    """
    cpus, gpus = cpu_count(), gpu_count()
    gpus_per_trial = asked.gpus_per_trial
    if gpus_per_trial is None:
        gpus_per_trial = 1.0 if gpus else 0.0
    check_gpus(gpus_per_trial)
    if gpus_per_trial > gpus:
        here = f"this machine has {gpus}" if gpus else "no GPU here: leave the option out to train on the CPU"
        raise TunerError(f"--gpus-per-trial {gpus_per_trial:g}: {here}")
    if gpus_per_trial:  # a trial waits for its GPU: cores may be shared
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
    """How many trials that take such a share of a GPU, or so many GPUs, fit on that many."""
    if gpus_per_trial < 1:
        return gpus * int(1 / gpus_per_trial + 1e-9)
    return gpus // int(gpus_per_trial)


def most_trials(workers: int, gpus_per_trial: float) -> int:
    """How many trials so many processes of a node can train.

    Raises:
        TunerError: not even one.
    """
    together = max(1, int(gpus_per_trial))
    if workers < together:
        raise TunerError(f"--workers-per-node {workers}: a trial with {together} GPUs takes {together} workers")
    return workers // together


def check_gpus(asked: float) -> None:
    """Raises TunerError unless it is a share of a GPU, or a whole number of them."""
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
"""The resource, 1 a node, that workers take a part of when their number on a node is limited.

Ray has it only where nodes are started with it. The implicit resources that Ray Serve uses for its
max_replicas_per_node would need no set-up, but a placement group with one crashes the node's raylet (seen with Ray
2.60), and Ray Tune places trials in placement groups.
"""


@dataclass(frozen=True, kw_only=True)
class Node:
    """What a node has in all, or what nodes of a type will have that an autoscaler may start."""

    cpus: int
    gpus: int
    places: float = 0.0
    """Of the resource that limits workers."""
    count: int = 1
    """How many of them there are, or may be."""

    def slots(self, cpus: int, gpus: float, workers: int | None = None) -> int:
        """How many trials of that demand fit side by side, with at most so many workers on a node."""
        fitting = min(trials_on(self.gpus, gpus) if gpus else self.cpus, self.cpus // cpus)
        if workers is not None:
            fitting = min(fitting, int(self.places * most_trials(workers, gpus)))
        return self.count * fitting

    def __str__(self) -> str:
        gpus = f" and {self.gpus} {'GPU' if self.gpus == 1 else 'GPUs'}" if self.gpus else ""
        return f"{self.cpus} CPUs{gpus}"


def cluster_resources(nodes: Sequence[Node], asked: ResourceRequest) -> TrialResources:
    """Fills in what the user left open: a trial on each GPU of the cluster, or else at most eight on each node.

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
    """The cores that each trial may have when as many as possible, or eight on a node, run on the smallest one."""
    if gpus:
        slots = [(node.cpus, trials_on(node.gpus, gpus)) for node in nodes]
        return max(1, min((cpus // trials for cpus, trials in slots if trials), default=1))
    return max(1, min((node.cpus // MOST_CPU_TRIALS for node in nodes if node.cpus), default=1))
