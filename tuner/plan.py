"""From what the command line asks for to a sweep that can start: everything is checked, nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from tuner import catalog
from tuner.classifier import build_classifier, check_task, model_parameters
from tuner.config import OOM, SweepConfig
from tuner.data import DataSpec, Splits
from tuner.default_space import default_space
from tuner.errors import TunerError, unknown
from tuner.hyperparameters import TRAINING_PARAMETERS, Hyperparameters
from tuner.machine import Asked, Share, share
from tuner.materials import Materials, gather
from tuner.nodes import share_nodes
from tuner.overrides import override
from tuner.source import Source
from tuner.space import SearchSpace
from tuner.space_file import MOST_EPOCHS, parse_space, read_file, read_toml
from tuner.submitted import on_cluster

TRIALS = 16
MOST_TRIALS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Request:
    """A sweep as the command line names it; None is for the default."""

    dataset: str
    model: str
    trials: int = TRIALS
    max_epochs: int | None = None
    time_budget: float | None = None
    concurrency: int | None = None
    cpus_per_trial: int | None = None
    gpus_per_trial: float | None = None
    workers_per_node: int | None = None
    max_failures: int = 2
    max_failure_rate: float = 0.9
    trial_timeout: float | None = None
    oom: str = "fail"
    seed: int = 0
    name: str | None = None
    limit: int | None = None
    space: Path | None = None
    target: str | None = None
    weights: Path | None = None
    storage: str | None = None
    overrides: Sequence[str] = ()
    fixed: dict[str, Any] | None = None
    """A parsed space in place of a file: what `tuner train` trains with."""
    repeats: int = 0
    """The number of the trial, of another sweep, that the first one repeats."""
    halved: int = 0
    """The first epoch that that one trained half a batch at a time; 0 for none."""
    data: str | None = None
    """The fingerprint that the data must have."""
    pretrained: str | None = None
    """The fingerprint that the weights must have."""


def plan(request: Request, name: str) -> tuple[SweepConfig, Materials]:
    """The configuration of the sweep `name`, and what it works on.

    Raises:
        TunerError: something in the request is wrong; the message names it and the choices.
    """
    catalog.check("models", request.model)
    data = Source.parse(request.dataset, request.target)
    load = cache(partial(data.load, request.limit))
    if request.fixed is None:
        raw, source = read_space(data, request.model, request.space, load)
    else:
        raw, source = request.fixed, "--set"
    parse_space(raw, source)  # its own faults first, then those that the overrides bring
    if request.overrides:
        raw, source = override(raw, request.overrides), f"{source} with --set"
    space = parse_space(raw, source, narrowed=True)
    split = divide(
        Asked(
            trials=request.trials,
            concurrency=request.concurrency,
            cpus_per_trial=request.cpus_per_trial,
            gpus_per_trial=request.gpus_per_trial,
            workers_per_node=request.workers_per_node,
        )
    )
    check_names(space, request.model, source)
    check_space(space, request.model, load().spec, source)
    if request.data not in (None, load().fingerprint()):
        raise TunerError(f"--from-trial: the data of {data.name} is not what that trial was trained on")
    config = SweepConfig(
        name=name,
        dataset=data.dataset,
        target=data.target,
        weights=str(request.weights.absolute()) if request.weights else None,
        model=request.model,
        trials=request.trials,
        epochs=request.max_epochs or space.epochs,
        time_budget=request.time_budget,
        concurrency=split.concurrency,
        cpus_per_trial=split.cpus_per_trial,
        gpus_per_trial=split.gpus_per_trial,
        seed=request.seed,
        limit=request.limit,
        space=raw,
        storage=request.storage,
        workers_per_node=request.workers_per_node,
        max_failures=request.max_failures,
        max_failure_rate=request.max_failure_rate,
        trial_timeout=request.trial_timeout,
        oom=request.oom,
        repeats=request.repeats,
        halved=request.halved,
        data=load().fingerprint(),
    )
    materials = gather(config, load())
    weights = materials.fingerprint()
    if request.pretrained not in (None, weights):
        raise TunerError(f"--from-trial: the weights of {request.model} are not those that that trial started from")
    return replace(config, pretrained=weights), materials


def check_numbers(request: Request) -> None:
    """Raises TunerError for an option that must be at least 1 and is not, and for a seed that is none."""
    for option in ("trials", "max_epochs", "concurrency", "cpus_per_trial", "workers_per_node", "limit"):
        value = getattr(request, option)
        if value is not None and value < 1:
            raise TunerError(f"--{option.replace('_', '-')} must be at least 1, got {value}")
    if request.max_failures < 0:
        raise TunerError(f"--max-failures must be at least 0, got {request.max_failures}")
    if not 0 <= request.max_failure_rate <= 1:
        raise TunerError(f"--max-failure-rate {request.max_failure_rate:g}: give a share from 0 to 1")
    if request.oom not in OOM:
        raise unknown("--oom", request.oom, OOM)
    for option, most in (("trials", MOST_TRIALS), ("max_epochs", MOST_EPOCHS)):
        if (getattr(request, option) or 0) > most:
            raise TunerError(f"--{option.replace('_', '-')} must be at most {most}, got {getattr(request, option)}")
    if not 0 <= request.seed < 2**31:
        raise TunerError(f"--seed must be at least 0 and below 2147483648, got {request.seed}")


def divide(asked: Asked) -> Share:
    """How trials run side by side, on this machine or on the cluster that this process is on.

    Raises:
        TunerError: there is no room for what is asked.
    """
    if not on_cluster():
        return share(asked)
    from tuner.cluster import nodes  # noqa: PLC0415 - imports Ray

    return share_nodes(nodes(), asked)


def read_space(data: Source, model: str, file: Path | None, load: Callable[[], Splits]) -> tuple[dict[str, Any], str]:
    """The parsed TOML of `file`, or else of the pair, or else a default space; and what to call it in messages.

    Only the default, which depends on the task, asks for the data.
    """
    if file is None and catalog.has_space(data.name, model):
        source = f"search_spaces/{data.name}-{model}.toml"
        return read_toml(catalog.search_space(data.name, model), source), source
    if file is None:
        spec = load().spec
        check_task(spec, model)
        return default_space(model, spec.task), f"the default space of {model} for {spec.task} data"
    return read_file(file), str(file)


def check_names(space: SearchSpace, model: str, source: str) -> None:
    """Raises TunerError for a parameter that neither training nor the model takes."""
    known = {*TRAINING_PARAMETERS, *model_parameters(model)}
    for parameter in space.parameters:
        if parameter.name not in known:
            error = unknown(f"parameter of training and of {model}", parameter.name, known)
            raise TunerError(f"{source}: params.{parameter.name}: {error}")


def check_space(space: SearchSpace, model: str, data: DataSpec, source: str) -> None:
    """Tries every choice and both ends of every range.

    Raises:
        TunerError: a value is refused by training or by the model; or the model does not fit the data.
    """
    check_task(data, model)
    for parameter in space.parameters:
        for value in parameter.extremes:
            try:
                _try(parameter.name, value, model, data)
            except TunerError as error:
                raise TunerError(f"{source}: params.{parameter.name}: {error}") from None
            except (TypeError, ValueError, RuntimeError) as error:
                reason = str(error).splitlines()[0]
                raise TunerError(f"{source}: params.{parameter.name}: {value!r} is refused: {reason}") from None


def _try(name: str, value: Any, model: str, data: DataSpec) -> None:
    if name in TRAINING_PARAMETERS:
        Hyperparameters(**{name: value})
    else:
        build_classifier(data, model, {name: value})
