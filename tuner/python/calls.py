"""The functions `tuner.sweep` and `tuner.train`: their options are those of the commands, with _ for -."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.core.program_request import ProgramRequest
from tuner.core.python_space import plain_space
from tuner.core.sweep_options import Duration, read_sweep, what_is_tuned
from tuner.execution.jobs.address import HERE, cluster_address
from tuner.python.engine import carry_out
from tuner.python.order import Order, SweepOrder, TrainOrder
from tuner.python.result import Result
from tuner.python.views import choose_view

if TYPE_CHECKING:
    from tuner.training.own_trial import Trial

File = str | Path
Space = File | Mapping[str, Any]
"""A file, or a dictionary of parameters such as `{"lr": {"low": 1e-4, "high": 1e-1, "log": True}}`."""
Models = File | Sequence[File]
Texts = str | Sequence[str]


def sweep(
    dataset: File | Callable[[Trial], object] | None = None,
    model: Models | None = None,
    *,
    script: str | None = None,
    trials: int | None = None,
    space: Space | None = None,
    set: Texts = (),
    warm_start: str | None = None,
    enqueue: File | None = None,
    without_default: bool = False,
    time_budget: Duration = None,
    objective: Texts | None = None,
    constrain: Texts = (),
    constraint: Texts | None = None,
    epoch_budget: int | None = None,
    gpu_budget: Duration = None,
    target_score: float | None = None,
    patience: int | None = None,
    sampler: str = "tpe",
    scheduler: str = "asha",
    fidelity: str = "epochs",
    max_failure_rate: float = 0.9,
    confirm: int | None = None,
    reshuffle: bool = False,
    test_by: str = "winner",
    finalists: int | None = None,
    seeds: int | None = None,
    folds: int | None = None,
    refit: bool = False,
    ensemble: int | None = None,
    max_epochs: int | None = None,
    seed: int = 0,
    limit: int | None = None,
    target: str | None = None,
    task: str | None = None,
    text: str | None = None,
    test: File | None = None,
    group: str | None = None,
    time: str | None = None,
    as_: str | None = None,
    weights: File | None = None,
    trial_timeout: Duration = None,
    max_failures: int = 2,
    oom: str = "fail",
    concurrency: int | None = None,
    cpus_per_trial: int | None = None,
    gpus_per_trial: float | None = None,
    address: str | None = None,
    workers_per_node: int | None = None,
    storage: str | None = None,
    name: str | None = None,
    detach: bool = False,
    notify: str | None = None,
    dashboard: bool = False,
    progress: bool = True,
) -> Result:
    """Searches for the best hyperparameters of a model on a dataset, as `tuner sweep` does, whose options these are.

    The winner is tested once and registered. After a Ctrl-C the result has what there is so far.

    Args:
        dataset: a name, FORMAT:PATH, or your own file. Or your own training function, or a file that has one, without
            a `model`.
        model: a name, or your own file; or several, compared in one search. None for those that suit the data.
        script: the command of a program that trains, in place of both.
        space: a file, or a dictionary with the words of such a file: `low`, `high`, `log`, `step`, `choices`, `when`.
        set: texts as those of `--set`, such as `lr=0.01` or `optimizer=sgd,adam`.
        constrain: relations between hyperparameters, such as `batch_size * width <= 4096`.
        as_: the option `--as`.
        detach: whether it runs in the background, and this returns as soon as it has begun.
        dashboard: whether Ray's dashboard starts too; its address is shown.
        progress: whether it is shown how far it is.

    Raises:
        TunerError: something that is asked for is wrong, in the words of the command; nothing has begun.
        SweepError: there is no model; what was done is kept.
    """
    given = locals()
    _check_here(address)
    tuned = _what_is_tuned(dataset, model, script)
    request = read_sweep(
        _options(given, "detach", "dashboard", "progress", "address", "script", "dataset", "model") | tuned
    )
    request.check()
    return _run(SweepOrder(request=request, detach=detach, dashboard=dashboard), progress=progress)


def train(
    dataset: File,
    model: File,
    *,
    set: Texts = (),
    from_best: str | None = None,
    from_trial: str | None = None,
    max_epochs: int | None = None,
    seed: int = 0,
    limit: int | None = None,
    target: str | None = None,
    task: str | None = None,
    text: str | None = None,
    test: File | None = None,
    group: str | None = None,
    time: str | None = None,
    as_: str | None = None,
    weights: File | None = None,
    cpus_per_trial: int | None = None,
    gpus_per_trial: float | None = None,
    name: str | None = None,
    detach: bool = False,
    dashboard: bool = False,
    progress: bool = True,
) -> Result:
    """Trains a model once, tests and registers it, as `tuner train` does, whose options these are. See `sweep`."""
    given = locals() | {"dataset": _text(dataset, "dataset"), "model": _text(model, "model")}
    request = read_sweep(_options(given, "from_best", "from_trial", "detach", "dashboard", "progress"))
    request.check()
    order = TrainOrder(request=request, from_best=from_best, from_trial=from_trial, detach=detach, dashboard=dashboard)
    return _run(order, progress=progress)


def _what_is_tuned(
    dataset: File | Callable[[Trial], object] | None, model: Models | None, script: str | None
) -> dict[str, Any]:
    if callable(dataset):
        if model is not None or script is not None:
            raise TunerError("sweep: give your own training function alone, without a model or a script")
        return {"program": ProgramRequest.of_function(dataset)}
    if script is not None and not isinstance(script, str):
        raise TunerError(f"script: give the command as one text, got {type(script).__name__}")
    models = [model] if model is None or isinstance(model, File) or not isinstance(model, Sequence) else model
    names = [_text(each, "model") for each in models if each is not None]
    data = None if dataset is None else _text(dataset, "dataset")
    return what_is_tuned(data, ",".join(names) or None, script)


def _text(given: object, what: str) -> str:
    """A name or the path of a file, as one would type it."""
    if not isinstance(given, File):
        raise TunerError(f"{what}: give a name, or the path of your own file, got {type(given).__name__}")
    return str(given)


def _run(order: Order, *, progress: bool) -> Result:
    name = carry_out(order, choose_view(progress=progress))
    return Result(name, tuner_home() / name)


def _options(given: Mapping[str, Any], *others: str) -> dict[str, Any]:
    """The options by the names of a SweepRequest, without those that are no part of one."""
    options = {name: value for name, value in given.items() if name not in others}
    options["known_as"] = options.pop("as_")
    options["test"] = None if options["test"] is None else str(options["test"])
    overrides = options.pop("set")
    options["overrides"] = (overrides,) if isinstance(overrides, str) else tuple(overrides)
    space = options.get("space")
    if space is not None and not isinstance(space, File):
        options["space"], options["given_space"] = None, plain_space(space)
    for name in ("space", "weights", "enqueue"):
        options |= {name: Path(options[name])} if options.get(name) is not None else {}
    return options


def _check_here(address: str | None) -> None:
    """Raises TunerError when a cluster is meant."""
    cluster = cluster_address(address)
    if cluster:
        command = f"on {cluster} one is run by the command tuner sweep"
        raise TunerError(f"address: a sweep in Python runs on this machine; {command}; for here: address='{HERE}'")
