"""Turns a request of the command line into a sweep that can start: everything is checked, nothing is written."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from tuner.core import several_models
from tuner.core.budgets import check_gpus_for
from tuner.core.callback import Callback
from tuner.core.config import TRIALS, SweepConfig
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.environment import on_cluster
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.core.sweep_request import SweepRequest
from tuner.core.units import counted
from tuner.data.source import Source
from tuner.data.spec import Splits
from tuner.execution.resources import ResourceRequest, TrialResources, cluster_resources, local_resources
from tuner.search.population import check_population
from tuner.search.samplers.grid import grid_size
from tuner.search.space import SearchSpace
from tuner.search.space_file import parse_space
from tuner.sweeps.auto_sampler import with_sampler
from tuner.sweeps.confirmation import check_divisions
from tuner.sweeps.equal_time import check_fidelity, passes_of
from tuner.sweeps.few_steps import few_steps_note
from tuner.sweeps.inputs import SweepInputs, read_inputs
from tuner.sweeps.several import check_several
from tuner.sweeps.space_request import check_names, check_space, requested_space
from tuner.sweeps.start_points import has_default, with_start_points
from tuner.sweeps.warm_trials import take_trials
from tuner.training.classifier import model_note
from tuner.training.model_check import check_own_model


def plan(
    request: SweepRequest,
    name: str,
    *,
    home: Path | None = None,
    events: Callback | None = None,
    splits: Splits | None = None,
) -> tuple[SweepConfig, SweepInputs]:
    """The configuration of the sweep `name`, and its data and weights.

    Args:
        request: what is asked for.
        name: of the sweep.
        home: the folder of all sweeps, by default TUNER_HOME.
        events: are told of start points.
        splits: the data, where it was read already.

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
    request, auto = with_sampler(request, space)
    trials = count_trials(request, space, chosen=bool(auto))
    if request.confirm and request.confirm.finalists > trials:
        raise TunerError(f"--finalists {request.confirm.finalists}: the sweep has {counted(trials, 'trial')}")
    split = request_resources(request, trials)
    check_gpus_for(request.budgets, split.gpus_per_trial)
    check_names(space, request.model, source)  # up to here without the data, which takes a while to read
    asked_task = request.task
    request = replace(request, task=load().spec.kind.task)
    request.check()  # what it names must be for such a target
    _check_models(request, space, source, load())
    if request.scheduler == "pbt":
        again = request.confirm.option if request.confirm else "--refit" if request.refit else ""
        check_population(space, trials, again, request.storage)
    raw = with_start_points(raw, space, request, trials, home or tuner_home(), events or Callback())
    if request.data not in (None, load().fingerprint()):
        raise TunerError(f"--from-trial: the data of {data.name} is not the data that the trial was trained on")
    config = replace(
        _config(request, name, data, space, raw, trials, split, load().fingerprint()), auto=auto, asked_task=asked_task
    )
    inputs = read_inputs(config, _with_notes(load(), request.model, space, config.epochs))
    check_divisions(request.confirm, inputs.splits)
    weights = inputs.fingerprint()
    if request.pretrained not in (None, weights):
        title = several_models.title(request.model)
        raise TunerError(f"--from-trial: the weights of {title} are not the ones that the trial started from")
    record = inputs.splits.record
    config = replace(
        config,
        pretrained=weights,
        passes=passes_of(request, raw, space, load(), split),
        division=record.to_json() if record else None,
    )
    if request.warm_start is not None:
        taken = take_trials(config, request.warm_start, home or tuner_home(), events or Callback())
        config = replace(config, warm=taken.to_json() if taken else None)
    return config, inputs


def _check_models(request: SweepRequest, space: SearchSpace, source: str, splits: Splits) -> None:
    """Tries each value of the search space, and what a user's own models give. Raises TunerError."""
    check_space(space, request.model, splits.spec, source)
    for model in several_models.models_in(request.model):
        check_own_model(splits.spec, splits.train, model)


def _config(
    request: SweepRequest,
    name: str,
    data: Source,
    space: SearchSpace,
    raw: dict[str, Any],
    trials: int,
    split: TrialResources,
    fingerprint: str,
) -> SweepConfig:
    """What is asked for, and what was found out, as what decides a sweep. `fingerprint` is that of the data."""
    return SweepConfig(
        name=name,
        dataset=data.dataset,
        target=data.target,
        known_as=data.known_as,
        options=data.options.given() or None,
        task=request.goal.task,
        weights=str(request.weights.absolute()) if request.weights else None,
        model=request.model,
        limit=request.limit,
        repeats=request.repeats,
        halved=request.halved,
        data=fingerprint,
        default=has_default(request, space) and request.goal.by_score and request.scheduler != "pbt",
        refit=request.refit,
        **searching(request, space, raw, trials, split),
        **_confirming(request.confirm),
    )


def searching(
    request: SweepRequest, space: SearchSpace, raw: dict[str, Any], trials: int, split: TrialResources
) -> dict[str, Any]:
    """The fields of SweepConfig that say how is searched, whatever trains the trials."""
    return {
        "trials": trials,
        "epochs": request.max_epochs or space.epochs,
        "time_budget": request.time_budget,
        "concurrency": split.concurrency,
        "cpus_per_trial": split.cpus_per_trial,
        "gpus_per_trial": split.gpus_per_trial,
        "seed": request.seed,
        "space": raw,
        "storage": request.storage,
        "workers_per_node": request.workers_per_node,
        "max_failures": request.max_failures,
        "max_failure_rate": request.max_failure_rate,
        "trial_timeout": request.trial_timeout,
        "oom": request.oom,
        "sampler": request.sampler,
        "scheduler": request.scheduler,
        "objective": request.goal.objective_text,
        "constraint": request.goal.constraint_text,
        **asdict(request.budgets),
    }


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


def count_trials(request: SweepRequest, space: SearchSpace, *, chosen: bool = False) -> int:
    """How many trials there are; of a grid that was `chosen`, as many as points.

    Raises:
        TunerError: the space has no grid, or one with fewer points.
    """
    if request.sampler != "grid":
        return request.trials or TRIALS
    size = grid_size(space.parameters)
    if request.trials is not None and request.trials > size and not chosen:
        raise TunerError(f"--trials {request.trials}: the grid has {counted(size, 'point')}: leave --trials out")
    return size if chosen else request.trials or size


def _confirming(asked: ConfirmRequest | None) -> dict[str, Any]:
    """The fields of SweepConfig that say how the winner is confirmed."""
    if asked is None:
        return {}
    how = {"reshuffle": asked.reshuffle, "folds": asked.folds, "test": asked.test}
    return {"confirm": asked.seeds, "finalists": asked.finalists, **how}


def _with_notes(splits: Splits, model: str, space: SearchSpace, epochs: int) -> Splits:
    """The data, told what the model says of it, such as that it will be slow, and where steps are few."""
    told = [model_note(splits.spec, each) for each in several_models.models_in(model)]
    told.append(few_steps_note(space, len(splits.train.targets), epochs))
    return replace(splits, notes=(*splits.notes, *filter(None, told)))


def plan_resources(asked: ResourceRequest) -> TrialResources:
    """How trials run side by side, on this machine or on the cluster that this process is on.

    Raises:
        TunerError: the requested resources do not exist.
    """
    if not on_cluster():
        return local_resources(asked)
    from tuner.execution.ray_session import nodes  # noqa: PLC0415 - imports Ray

    return cluster_resources(nodes(), asked)
