"""`tuner train`: one training without a search. It is a sweep of one trial, whose space is a single point."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

from tuner.core import own_code
from tuner.core.config import SweepConfig
from tuner.core.earlier import epochs_of
from tuner.core.errors import TunerError
from tuner.core.machine import gpu_count
from tuner.core.records import TrialRecord
from tuner.core.several_models import own_parameters
from tuner.core.sweep_folder import SweepFolder, known_sweep
from tuner.core.sweep_request import SweepRequest
from tuner.core.target_kind import TASK_OPTION
from tuner.data.source import Source
from tuner.search.overrides import override
from tuner.search.space_file import parse_space
from tuner.search.start_points import fit_point
from tuner.search.study_reader import read_records
from tuner.sweeps.best_trial import best_for
from tuner.sweeps.space_request import read_space
from tuner.training.device import best_device
from tuner.training.reproducibility import current_conditions


def repeat_trial(request: SweepRequest, home: Path, trial: str) -> SweepRequest:
    """The request to repeat a trial of a sweep, SWEEP/NUMBER, alone: with its parameters, seed, data and epochs.

    If `changes` finds nothing, every epoch has the same scores to the last digit, on CPUs.

    Raises:
        TunerError: there is no such trial, it is of another pair, or the request changes something in it.
    """
    option = f"--from-trial {trial}"
    config, record = _trial(home, trial)
    if record.exploits:
        values = f"--from-best {config.name} takes the last values of the best trial"
        raise TunerError(
            f"{option}: its weights and values changed while it trained (pbt): no training repeats it; {values}"
        )
    if config.program is not None:
        raise TunerError(f"{option}: that is a trial of your own training code, {config.subject}: sweep it with --set")
    request = replace(request, known_as=request.known_as or config.known_as)
    if not request.options.given():
        request = replace(request, options=config.reading)
    source = Source.asked(request)
    source = source if request.task else replace(source, task=Source.of(config).task)
    model = config.model_of(record.parameters)
    _check_pair(option, source, request.model, config, model)
    given = {"--set": request.overrides, "--limit": request.limit, "--weights": request.weights}
    for other, value in given.items():
        if value:
            raise TunerError(f"{option} repeats a trial as it was: leave {other} out, or use --from-best")
    _, conditions = record.conditions[-1] if record.conditions else (0, {})
    return replace(
        request,
        dataset=config.dataset,  # a user's own code as it was then
        model=model,
        known_as=config.known_as,
        task=config.task,
        trials=1,
        concurrency=1,
        limit=config.limit,
        weights=Path(config.weights) if config.weights else None,
        cpus_per_trial=request.cpus_per_trial or int(conditions.get("threads", config.cpus_per_trial)),
        gpus_per_trial=_gpus(request, config),
        seed=config.seed,
        repeats=config.repeats + record.number,
        objective=str(config.goal.watched),  # so that the same epoch is kept
        constraint=_constraint(config, record),
        halved=record.halved,
        passes=config.passes,
        data=config.data,
        pretrained=None if config.several else config.pretrained,  # that is of the weights of all
        fixed={
            "epochs": request.max_epochs or epochs_of(config, record.number),
            "params": own_parameters(config.model, record.parameters),
        },
    )


def _check_pair(option: str, source: Source, model: str, config: SweepConfig, had_model: str) -> None:
    """Raises TunerError where these data and this model are not those of the sweep's trial."""
    asked = (replace(source, dataset=own_code.place_of(source.dataset)), own_code.place_of(model))
    had = (replace(Source.of(config), dataset=own_code.place_of(config.dataset)), own_code.place_of(had_model))
    if asked == had:
        return
    target = ["--target", config.target] if config.target else []
    task = [TASK_OPTION, config.task] if source.task not in (None, config.task) else []
    how = "".join(f" {word}" for word in (*target, *task, *config.reading.words()))
    place = own_code.typed(config.dataset)
    raise TunerError(f"{option}: that is a trial of {own_code.typed(had_model)} on {place}{how}")


def changed_conditions(request: SweepRequest, home: Path, trial: str) -> str:
    """What is different from when the repeated trial was trained, in one line; empty when nothing is."""
    _, record = _trial(home, trial)
    if not record.conditions:
        return f"--from-trial {trial}: an earlier version of tuner has not recorded what it was trained with"
    gpus = gpu_count() if request.gpus_per_trial is None else request.gpus_per_trial
    device = best_device() if gpus else torch.device("cpu")
    here = current_conditions(device, threads=request.cpus_per_trial or 1, workers=max(1, int(gpus)))
    found = here.changes(record.conditions[-1][1])
    if len(record.conditions) > 1:
        found.append(f"its conditions changed at epoch {record.conditions[-1][0]}")
    if not found:
        return ""
    return f"--from-trial {trial}: the scores may not be the same to the last digit: {', '.join(found)}"


def _trial(home: Path, trial: str) -> tuple[SweepConfig, TrialRecord]:
    """The trial that SWEEP/NUMBER names. Raises TunerError when there is none."""
    option = f"--from-trial {trial}"
    name, _, number = trial.rpartition("/")
    if not name or not number.isdecimal():
        raise TunerError(f"{option}: give SWEEP/NUMBER, such as digits-cnn-1/17")
    config = known_sweep(name, home)
    records = read_records(SweepFolder(home / name).journal)
    if int(number) >= len(records) or not records[int(number)].parameters:
        raise TunerError(f"{option}: {name} has the trials 0 to {len(records) - 1}")
    return config, records[int(number)]


def _constraint(config: SweepConfig, record: TrialRecord) -> str:
    """The constraints that had a part in which epoch was kept. With one that is not fulfilled there is no model."""
    goal = config.goal.of_epochs
    return "" if goal.violation(record.outcome(record.best_epoch)) else goal.constraint_text


def _gpus(request: SweepRequest, config: SweepConfig) -> float:
    """The requested GPUs, or as many as the trial had, but none on a machine without any."""
    if request.gpus_per_trial is not None:
        return request.gpus_per_trial
    return config.gpus_per_trial if gpu_count() else 0.0


def single_trial(request: SweepRequest, home: Path, from_best: str | None) -> SweepRequest:
    """The request for one trial of fixed parameters.

    They are those of the best trial of the sweep `from_best`, or else the middle of the pair's search space. The
    values of `--set` replace them. The epoch that is kept is chosen by the objective of that sweep.

    Raises:
        TunerError: there is no such sweep, it is of another model, or `--set` names more than one value.
    """
    objective = request.objective
    if from_best is None:
        data = Source.asked(request)
        raw, source = read_space(data, request.model, request.space, cache(partial(data.load, request.limit)))
    else:
        best = best_for(request.model, from_best, home, "--from-best")
        epochs = round(epochs_of(best.config, best.trial.number) * best.config.passes_of(request.model))
        raw = {"epochs": max(1, epochs), "params": dict(best.trial.parameters)}
        source = f"the best trial of {from_best}"
        goal = best.config.goal
        objective = None if goal.of_epochs.by_score else str(goal.watched)  # the usual one may be of another task
    raw = override(raw, request.overrides)
    for expression in request.overrides:
        if isinstance(raw["params"].get(expression.partition("=")[0].strip()), dict):
            raise TunerError(f"--set '{expression}': one training takes one value: use NAME=VALUE")
    space = parse_space(raw, f"{source} with --set" if request.overrides else source, narrowed=True)
    fixed: dict[str, Any] = {"epochs": request.max_epochs or space.epochs, "params": fit_point({}, space).parameters}
    return replace(request, trials=1, concurrency=1, space=None, overrides=(), fixed=fixed, objective=objective)
