"""How a sweep shares the nodes of a cluster: a trial lies on one node, so sums over nodes mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.errors import TunerError
from tuner.machine import MOST_CPU_TRIALS, Share


@dataclass(frozen=True, kw_only=True)
class Node:
    """What a node has in all, or what nodes of a type will have that an autoscaler may start."""

    cpus: int
    gpus: int
    count: int = 1
    """How many of them there are, or may be."""

    def slots(self, cpus: int, gpus: float) -> int:
        """How many trials of that demand fit side by side."""
        on_gpus = self.gpus * int(1 / gpus + 1e-9) if gpus else self.cpus
        return self.count * min(on_gpus, self.cpus // cpus)

    def __str__(self) -> str:
        gpus = f" and {self.gpus} {'GPU' if self.gpus == 1 else 'GPUs'}" if self.gpus else ""
        return f"{self.cpus} CPUs{gpus}"


def share_nodes(
    nodes: Sequence[Node],
    *,
    trials: int,
    concurrency: int | None,
    cpus_per_trial: int | None,
    gpus_per_trial: float | None,
) -> Share:
    """Fills in what the user left open: a trial on each GPU of the cluster, or else at most eight on each node.

    Args:
        nodes: those of the cluster, and those that its autoscaler may start.
        trials: how many there will be in all.
        concurrency: trials side by side, or None for as many as fit.
        cpus_per_trial: CPU cores of a trial.
        gpus_per_trial: GPUs of a trial, at most 1.

    Raises:
        TunerError: no node has room for such a trial.
    """
    if gpus_per_trial is None:
        gpus_per_trial = 1.0 if any(node.gpus for node in nodes) else 0.0
    if not 0 <= gpus_per_trial <= 1:
        raise TunerError(f"--gpus-per-trial {gpus_per_trial:g}: give 0 to 1: a trial trains on one GPU, or shares it")
    cpus = cpus_per_trial or _cpus(nodes, gpus_per_trial)
    fitting = sum(node.slots(cpus, gpus_per_trial) for node in nodes)
    if not fitting:
        wanted = Node(cpus=cpus, gpus=0)
        gpus = f" and {gpus_per_trial:g} GPU" if gpus_per_trial else ""
        has = ", ".join(sorted({str(node) for node in nodes})) or "nothing"
        raise TunerError(f"no node of the cluster has {wanted}{gpus} for a trial: the nodes have {has}")
    if concurrency is not None and concurrency > fitting:
        raise TunerError(f"--concurrency {concurrency}: the cluster has room for {fitting} such trials at a time")
    return Share(concurrency=min(concurrency or fitting, trials), cpus_per_trial=cpus, gpus_per_trial=gpus_per_trial)


def _cpus(nodes: Sequence[Node], gpus: float) -> int:
    """The cores that each trial may have when as many as possible, or eight on a node, run on the smallest one."""
    if gpus:
        able = [node for node in nodes if node.gpus]
        return max(1, min((node.cpus // (node.gpus * int(1 / gpus + 1e-9)) for node in able), default=1))
    return max(1, min((node.cpus // MOST_CPU_TRIALS for node in nodes if node.cpus), default=1))
