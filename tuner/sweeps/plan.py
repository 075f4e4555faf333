"""Turns a request of the command line into a sweep that can start: everything is checked, nothing is written."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tuner.core import several_models
from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.core.sweep_request import SweepRequest
from tuner.data.spec import Splits
from tuner.execution.resources import TrialResources
from tuner.search.population import check_population
from tuner.search.space import SearchSpace
from tuner.sweeps.confirmation import check_divisions
from tuner.sweeps.equal_time import passes_of
from tuner.sweeps.few_steps import few_steps_note
from tuner.sweeps.inputs import SweepInputs, read_inputs
from tuner.sweeps.outline import Outline, asked_more, fewer_note, outline_of
from tuner.sweeps.space_request import check_space
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
    outline = outline_of(request, splits)
    request, space, found = _with_data(outline), outline.space, outline.load()
    home, told = home or tuner_home(), events or Callback()
    if note := fewer_note(request, outline.trials):
        told.on_note(note, warning=False)
    raw = with_start_points(outline.raw, space, request, outline.trials, home, told)
    config = _config(request, name, outline, raw, found.fingerprint())
    inputs = read_inputs(config, _with_notes(found, request.model, space, config.epochs))
    config = _with_inputs(config, request, inputs)
    config = replace(config, passes=passes_of(request, raw, space, found, outline.resources))
    if request.warm_start is not None:
        taken = take_trials(config, request.warm_start, home, told)
        config = replace(config, warm=taken.to_json() if taken else None)
    return config, inputs


def _with_data(outline: Outline) -> SweepRequest:
    """The request with the task of the data. Raises TunerError for what does not suit them."""
    splits, space = outline.load(), outline.space
    request = replace(outline.request, task=splits.spec.kind.task)
    request.check()  # what it names must be for such a target
    _check_models(request, space, outline.source, splits)
    if request.scheduler == "pbt":
        again = request.confirm.option if request.confirm else "--refit" if request.refit else ""
        check_population(space, outline.trials, again, request.storage)
    if request.data not in (None, splits.fingerprint()):
        raise TunerError(f"--from-trial: the data of {outline.data.name} is not the data that the trial was trained on")
    return request


def _with_inputs(config: SweepConfig, request: SweepRequest, inputs: SweepInputs) -> SweepConfig:
    """With what the inputs are known by. Raises TunerError where they are not those that are asked for."""
    check_divisions(request.confirm, inputs.splits)
    weights, record = inputs.fingerprint(), inputs.splits.record
    if request.pretrained not in (None, weights):
        title = several_models.title(request.model)
        raise TunerError(f"--from-trial: the weights of {title} are not the ones that the trial started from")
    return replace(config, pretrained=weights, division=record.to_json() if record else None)


def _check_models(request: SweepRequest, space: SearchSpace, source: str, splits: Splits) -> None:
    """Tries each value of the search space, and what a user's own models give. Raises TunerError."""
    check_space(space, request.model, splits.spec, source)
    for model in several_models.models_in(request.model):
        check_own_model(splits.spec, splits.train, model)


def _config(request: SweepRequest, name: str, outline: Outline, raw: dict[str, Any], fingerprint: str) -> SweepConfig:
    """What is asked for, and what was found out, as what decides a sweep. `fingerprint` is that of the data."""
    data = outline.data
    return SweepConfig(
        name=name,
        dataset=data.dataset,
        target=data.target,
        known_as=data.known_as,
        options=data.options.given() or None,
        task=request.goal.task,
        asked_task=outline.request.task,
        auto=outline.auto,
        weights=str(request.weights.absolute()) if request.weights else None,
        model=request.model,
        limit=request.limit,
        repeats=request.repeats,
        halved=request.halved,
        data=fingerprint,
        default=has_default(request, outline.raw, outline.space)
        and request.goal.by_score
        and request.scheduler != "pbt",
        refit=request.refit,
        ensemble=request.ensemble or 0,
        **searching(request, outline.space, raw, outline.trials, outline.resources),
        **_confirming(request.confirm),
    )


def searching(
    request: SweepRequest, space: SearchSpace, raw: dict[str, Any], trials: int, split: TrialResources
) -> dict[str, Any]:
    """The fields of SweepConfig that say how is searched, whatever trains the trials."""
    return {
        "trials": trials,
        "asked_trials": asked_more(request, trials),
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
