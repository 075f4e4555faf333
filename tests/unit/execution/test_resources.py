"""How trials share a machine."""

from __future__ import annotations

from typing import Any

import pytest

from tuner.core.errors import TunerError
from tuner.core.machine import cpu_count, gpu_count
from tuner.execution import resources
from tuner.execution.resources import ResourceRequest, TrialResources, local_resources

Machine = Any


@pytest.fixture
def have(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Makes this a machine of so many cores and GPUs."""

    def set_counts(cpus: int, gpus: int) -> None:
        monkeypatch.setattr(resources, "cpu_count", lambda: cpus)
        monkeypatch.setattr(resources, "gpu_count", lambda: gpus)

    return set_counts


def ask(**options: Any) -> TrialResources:
    return local_resources(ResourceRequest(**{"trials": 100, **options}))


@pytest.mark.parametrize(
    ("cpus", "gpus", "options", "expected"),
    [
        # cores alone: a trial each, up to eight side by side, and none idle
        (1, 0, {}, (1, 1, 0)),
        (2, 0, {}, (2, 1, 0)),
        (8, 0, {}, (8, 1, 0)),
        (16, 0, {}, (8, 2, 0)),
        (64, 0, {}, (8, 8, 0)),
        (16, 0, {"trials": 1}, (1, 16, 0)),
        (16, 0, {"trials": 3}, (3, 5, 0)),
        (16, 0, {"concurrency": 2}, (2, 8, 0)),
        (16, 0, {"cpus_per_trial": 4}, (4, 4, 0)),
        (16, 0, {"cpus_per_trial": 5}, (3, 5, 0)),
        (16, 0, {"cpus_per_trial": 16}, (1, 16, 0)),
        (16, 0, {"cpus_per_trial": 2, "concurrency": 3}, (3, 2, 0)),
        (16, 0, {"cpus_per_trial": 1, "concurrency": 16}, (16, 1, 0)),
        # GPUs: a trial each
        (16, 1, {}, (1, 16, 1)),
        (16, 4, {}, (4, 4, 1)),
        (16, 4, {"trials": 2}, (2, 8, 1)),
        (16, 4, {"concurrency": 2}, (2, 8, 1)),
        (16, 2, {"gpus_per_trial": 0.5}, (4, 4, 0.5)),
        (16, 1, {"gpus_per_trial": 0.25}, (4, 4, 0.25)),
        (16, 1, {"gpus_per_trial": 0.1}, (10, 1, 0.1)),
        (16, 4, {"gpus_per_trial": 2}, (2, 8, 2)),
        (16, 5, {"gpus_per_trial": 2}, (2, 8, 2)),  # no trial lies on one of its own
        (16, 4, {"workers_per_node": 3}, (3, 5, 1)),
        (16, 4, {"workers_per_node": 3, "gpus_per_trial": 2}, (1, 16, 2)),  # with a worker for each GPU
        (16, 0, {"workers_per_node": 3}, (3, 5, 0)),
        (2, 8, {}, (8, 1, 1)),
        (16, 4, {"cpus_per_trial": 3}, (4, 3, 1)),
        # a GPU that is not asked for stays free
        (16, 4, {"gpus_per_trial": 0}, (8, 2, 0)),
    ],
)
def test_what_is_left_open_is_filled_in(
    have: Machine, cpus: int, gpus: int, options: dict[str, Any], expected: tuple[int, int, float]
) -> None:
    have(cpus, gpus)
    given = ask(**options)
    assert (given.concurrency, given.cpus_per_trial, given.gpus_per_trial) == expected


@pytest.mark.parametrize(("gpus", "each", "fitting"), [(2, 0.6, 2), (2, 0.4, 4), (3, 0.7, 3), (4, 0.3, 12)])
def test_a_trial_lies_on_one_gpu_and_not_on_parts_of_two(have: Machine, gpus: int, each: float, fitting: int) -> None:
    """What is left over of each GPU cannot be added up: Ray would let such a trial wait for ever."""
    have(16, gpus)
    assert ask(gpus_per_trial=each).concurrency == fitting


def test_as_many_trials_as_cores_may_run_where_the_user_asks_for_it(have: Machine) -> None:
    """Eight at a time is only the default."""
    have(16, 0)
    given = ask(concurrency=16)
    assert (given.concurrency, given.cpus_per_trial) == (16, 1)


@pytest.mark.parametrize(
    ("gpus", "options", "message"),
    [
        (0, {"cpus_per_trial": 5}, "--cpus-per-trial 5: this machine has 4 CPU cores"),
        (0, {"concurrency": 5}, "--concurrency 5: 4 CPU cores have room for 4 such trials at a time"),
        (0, {"concurrency": 2, "cpus_per_trial": 3},
         "--concurrency 2: 4 CPU cores have room for 1 such trials at a time"),
        (2, {"concurrency": 3}, "--concurrency 3: 2 GPUs have room for 2 such trials at a time"),
        (2, {"concurrency": 5, "gpus_per_trial": 0.5}, "--concurrency 5: 2 GPUs have room for 4 such trials at a time"),
        (0, {"gpus_per_trial": 1}, "--gpus-per-trial 1: no GPU here: leave the option out to train on the CPU"),
        (0, {"gpus_per_trial": 0.5}, "--gpus-per-trial 0.5: no GPU here: leave the option out to train on the CPU"),
        (1, {"gpus_per_trial": 2}, "--gpus-per-trial 2: this machine has 1"),
        (4, {"gpus_per_trial": 2, "workers_per_node": 1},
         "--workers-per-node 1: a trial with 2 GPUs takes 2 workers"),
        (4, {"gpus_per_trial": 2.5},
         "--gpus-per-trial 2.5: give a whole number, such as 2, or a fraction below 1 to share a GPU"),
        (4, {"gpus_per_trial": float("inf")}, "--gpus-per-trial inf: must be a number of at least 0"),
        (4, {"gpus_per_trial": -1}, "--gpus-per-trial -1: must be a number of at least 0"),
    ],
)  # fmt: skip
def test_more_than_there_is_is_refused_with_what_there_is(
    have: Machine, gpus: int, options: dict[str, Any], message: str
) -> None:
    have(4, gpus)
    with pytest.raises(TunerError) as caught:
        ask(**options)
    assert str(caught.value) == message


def test_a_share_of_a_gpu_that_is_no_number_is_refused(have: Machine) -> None:
    have(4, 1)
    with pytest.raises(TunerError, match=r"^--gpus-per-trial nan: "):
        ask(gpus_per_trial=float("nan"))


def test_this_machine_has_cores_and_can_run_a_trial() -> None:
    assert cpu_count() >= 1
    assert gpu_count() >= 0
    assert ask(trials=1).concurrency == 1
