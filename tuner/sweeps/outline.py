"""What a request asks for, as far as that is known without the data, which take a while to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tuner.core import several_models
from tuner.core.budgets import check_gpus_for
from tuner.core.config import TRIALS
from tuner.core.environment import on_cluster
from tuner.core.errors import TunerError
from tuner.core.sweep_request import SweepRequest
from tuner.core.units import counted
from tuner.data.source import Source
from tuner.data.spec import Splits
from tuner.execution.resources import ResourceRequest, TrialResources, cluster_resources, local_resources
from tuner.search.finite import count_points
from tuner.search.samplers.grid import grid_size
from tuner.search.space import SearchSpace
from tuner.search.space_file import parse_space
from tuner.search.space_relations import check_possible
from tuner.sweeps.auto_sampler import with_sampler
from tuner.sweeps.equal_time import check_fidelity
from tuner.sweeps.several import check_several
from tuner.sweeps.space_request import check_names, requested_space


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A sweep that is asked for: what is drawn from which space, how often, and on what."""

    request: SweepRequest
    """With the models by their full names, and the sampler that is used."""
    data: Source
    load: Callable[[], Splits]
    """Reads the data, once."""
    raw: dict[str, Any]
    """The parsed search space, with the overrides of the command line."""
    source: str
    """Where it is from, for people."""
    space: SearchSpace
    """The same space."""
    trials: int
    resources: TrialResources
    auto: str
    """Why the sampler was chosen, with `--sampler auto`; else empty."""


def outline_of(request: SweepRequest, splits: Splits | None = None) -> Outline:
    """What a request asks for; `splits` are its data, where they were read already.

    Raises:
        TunerError: something in the request is wrong; the message names it and the choices.
    """
    request = replace(request, model=several_models.resolve(request.model))
    several_models.check(request.model)
    check_several(request)
    check_fidelity(request)
    data = Source.asked(request)
    load = cache(lambda: splits or data.load(request.limit))
    raw, source = requested_space(request, data, load)
    space = parse_space(raw, source, narrowed=True)
    check_possible(space, source)
    request, auto = with_sampler(request, space)
    trials = count_trials(request, space, chosen=bool(auto))
    if request.confirm and request.confirm.finalists > trials:
        raise TunerError(f"--finalists {request.confirm.finalists}: the sweep has {counted(trials, 'trial')}")
    resources = request_resources(request, trials)
    check_gpus_for(request.budgets, resources.gpus_per_trial)
    check_names(space, request.model, source)
    return Outline(
        request=request,
        data=data,
        load=load,
        raw=raw,
        source=source,
        space=space,
        trials=trials,
        resources=resources,
        auto=auto,
    )


def count_trials(request: SweepRequest, space: SearchSpace, *, chosen: bool = False) -> int:
    """How many trials there are: of a space with an end no more than points.

    Raises:
        TunerError: the space has no grid, or one with fewer points.
    """
    if request.sampler != "grid":
        asked, points = request.trials or TRIALS, count_points(space)
        return asked if points is None else min(asked, points)
    size = grid_size(space)
    if request.trials is not None and request.trials > size and not chosen:
        raise TunerError(f"--trials {request.trials}: the grid has {counted(size, 'point')}: leave --trials out")
    return size if chosen else request.trials or size


def asked_more(request: SweepRequest, trials: int) -> int:
    """How many trials were asked for, if these are more than the points of the search space; else 0."""
    asked = request.trials or TRIALS
    return asked if request.sampler != "grid" and asked > trials else 0


def fewer_note(request: SweepRequest, trials: int) -> str:
    """That there are fewer trials than were asked for; empty where there are not."""
    asked = asked_more(request, trials)
    has = f"the search space has {counted(trials, 'point')}, and each is tried once"
    return f"{has}: {counted(trials, 'trial')} in place of {asked}" if asked else ""


def request_resources(request: SweepRequest, trials: int) -> TrialResources:
    return plan_resources(
        ResourceRequest(
            trials=trials,
            concurrency=request.concurrency,
            cpus_per_trial=request.cpus_per_trial,
            gpus_per_trial=request.gpus_per_trial,
            workers_per_node=request.workers_per_node,
        )
    )


def plan_resources(asked: ResourceRequest) -> TrialResources:
    """How trials run side by side, on this machine or on the cluster that this process is on.

    Raises:
        TunerError: the requested resources do not exist.
    """
    if not on_cluster():
        return local_resources(asked)
    from tuner.execution.ray_session import nodes  # noqa: PLC0415 - imports Ray

    return cluster_resources(nodes(), asked)
