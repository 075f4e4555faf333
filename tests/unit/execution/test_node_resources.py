"""How a sweep shares the nodes of a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from tuner.core.errors import TunerError
from tuner.execution.resources import Node, ResourceRequest, TrialResources, cluster_resources

SMALL, LARGE = Node(cpus=4, gpus=0), Node(cpus=32, gpus=0)
ONE_GPU, EIGHT_GPUS = Node(cpus=8, gpus=1), Node(cpus=64, gpus=8)
LIMITED = Node(cpus=64, gpus=8, places=1.0)


def ask(*nodes: Node, **options: Any) -> TrialResources:
    return cluster_resources(nodes, ResourceRequest(**{"trials": 100, **options}))


@pytest.mark.parametrize(
    ("nodes", "options", "expected"),
    [
        ((SMALL, SMALL, SMALL), {}, (12, 1, 0)),
        ((LARGE, LARGE), {}, (16, 4, 0)),
        ((SMALL, LARGE), {}, (36, 1, 0)),
        ((SMALL, LARGE), {"cpus_per_trial": 8}, (4, 8, 0)),  # none on the small one
        ((SMALL, SMALL), {"cpus_per_trial": 3}, (2, 3, 0)),  # what is left on each cannot be added up
        ((LARGE,), {"trials": 3}, (3, 4, 0)),
        ((LARGE,), {"concurrency": 2}, (2, 4, 0)),
        ((SMALL, ONE_GPU), {}, (1, 8, 1)),  # CPUs without a GPU stay free for others
        ((ONE_GPU, EIGHT_GPUS), {}, (9, 8, 1)),
        ((ONE_GPU,), {"gpus_per_trial": 0.25}, (4, 2, 0.25)),
        ((ONE_GPU,), {"gpus_per_trial": 0.25, "cpus_per_trial": 4}, (2, 4, 0.25)),  # its CPUs are the limit
        ((SMALL, ONE_GPU), {"gpus_per_trial": 0}, (12, 1, 0)),
        ((ONE_GPU, EIGHT_GPUS), {"gpus_per_trial": 2}, (4, 16, 2)),  # all over the GPUs of one node
        ((EIGHT_GPUS, EIGHT_GPUS), {"gpus_per_trial": 3}, (4, 32, 3)),
        ((LIMITED, LIMITED), {"workers_per_node": 2}, (4, 8, 1)),
        ((LIMITED, LIMITED), {"workers_per_node": 5, "gpus_per_trial": 2}, (4, 16, 2)),
        ((LIMITED, EIGHT_GPUS), {"workers_per_node": 2}, (2, 8, 1)),  # the other one was not started with places
        ((Node(cpus=0, gpus=0), Node(cpus=8, gpus=1, count=3)), {}, (3, 8, 1)),  # an autoscaler may start three
    ],
)
def test_what_is_left_open_is_filled_in(
    nodes: tuple[Node, ...], options: dict[str, Any], expected: tuple[int, int, float]
) -> None:
    given = ask(*nodes, **options)
    assert (given.concurrency, given.cpus_per_trial, given.gpus_per_trial) == expected


@pytest.mark.parametrize(
    ("nodes", "options", "message"),
    [
        (
            (SMALL, SMALL),
            {"cpus_per_trial": 5},
            "no node of the cluster has 5 CPUs for a trial: the nodes have 4 CPUs",
        ),
        (
            (SMALL, ONE_GPU),
            {"gpus_per_trial": 1, "cpus_per_trial": 9},
            "no node of the cluster has 9 CPUs and 1 GPU for a trial: the nodes have 4 CPUs, 8 CPUs and 1 GPU",
        ),
        (
            (SMALL,),
            {"gpus_per_trial": 0.5},
            "no node of the cluster has 1 CPUs and 0.5 GPU for a trial: the nodes have 4 CPUs",
        ),
        ((SMALL,), {"concurrency": 9}, "--concurrency 9: the cluster has room for 4 such trials at a time"),
        (
            (ONE_GPU, ONE_GPU),  # which cannot be added up
            {"gpus_per_trial": 2},
            "no node of the cluster has 1 CPUs and 2 GPUs for a trial: the nodes have 8 CPUs and 1 GPU",
        ),
        ((ONE_GPU,), {"gpus_per_trial": float("nan")}, "--gpus-per-trial nan: must be a number of at least 0"),
        (
            (EIGHT_GPUS,),
            {"workers_per_node": 2},
            """--workers-per-node 2: start the cluster's nodes with ray start --resources='{"tuner": 1}'""",
        ),
        ((EIGHT_GPUS,), {"gpus_per_trial": 1.5}, "--gpus-per-trial 1.5: give a whole number, such as 1, "),
    ],
)
def test_what_no_node_has_is_refused(nodes: tuple[Node, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(TunerError) as caught:
        ask(*nodes, **options)
    assert str(caught.value).startswith(message)
