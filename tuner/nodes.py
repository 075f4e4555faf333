"""How a sweep shares the nodes of a cluster: a trial lies on one node, so sums over nodes mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.errors import TunerError
from tuner.machine import MOST_CPU_TRIALS, Asked, Share, check_gpus, most_trials, trials_on

PLACES = "tuner"
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


def share_nodes(nodes: Sequence[Node], asked: Asked) -> Share:
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
        how = f"""ray start --resources='{{"{PLACES}": 1}}'"""
        raise TunerError(f"--workers-per-node {asked.workers_per_node}: start the cluster's nodes with {how}")
    fitting = sum(node.slots(cpus, gpus_per_trial, asked.workers_per_node) for node in nodes)
    if not fitting:
        wanted = Node(cpus=cpus, gpus=0)
        gpus = f" and {gpus_per_trial:g} GPU{'s' if gpus_per_trial > 1 else ''}" if gpus_per_trial else ""
        has = ", ".join(sorted({str(node) for node in nodes})) or "nothing"
        raise TunerError(f"no node of the cluster has {wanted}{gpus} for a trial: the nodes have {has}")
    if asked.concurrency is not None and asked.concurrency > fitting:
        raise TunerError(f"--concurrency {asked.concurrency}: the cluster has room for {fitting} such trials at a time")
    return Share(
        concurrency=min(asked.concurrency or fitting, asked.trials), cpus_per_trial=cpus, gpus_per_trial=gpus_per_trial
    )


def _cpus(nodes: Sequence[Node], gpus: float) -> int:
    """The cores that each trial may have when as many as possible, or eight on a node, run on the smallest one."""
    if gpus:
        slots = [(node.cpus, trials_on(node.gpus, gpus)) for node in nodes]
        return max(1, min((cpus // trials for cpus, trials in slots if trials), default=1))
    return max(1, min((node.cpus // MOST_CPU_TRIALS for node in nodes if node.cpus), default=1))
