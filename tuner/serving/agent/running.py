"""The tools that change something: they begin sweeps and steer them, as the Python API does."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tuner.serving.agent.answers import Ordered
from tuner.serving.agent.data_fields import Column, Dataset, Task, TestSplit
from tuner.serving.agent.looking import Name
from tuner.serving.schemas.outcomes import Begun

Time = Annotated[str | None, Field(description="Such as 90s, 30m, 2h.")]
Sets = Annotated[
    list[str] | None,
    Field(description="Each NAME=VALUE, NAME=a,b for choices, NAME=0.1..0.5 or lr=0.001..1:log for ranges."),
]
Space = Annotated[
    dict[str, Any] | None,
    Field(description='Parameters with low, high, log, step, choices: {"lr": {"low": 0.001, "high": 1, "log": true}}.'),
]
Trials = Annotated[int | None, Field(description="How many points of the search space are tried; by default 24.")]
Epochs = Annotated[int | None, Field(description="The most epochs of a trial.")]
Texts = Annotated[list[str] | None, Field(description="As on the command line, several where there are several.")]


def sweep(
    dataset: Dataset,
    model: Annotated[
        str | list[str] | None, Field(description="A name from list, or several; by default those that suit the data.")
    ] = None,
    trials: Trials = None,
    max_epochs: Epochs = None,
    time_budget: Time = None,
    set: Sets = None,
    space: Space = None,
    objective: Annotated[Texts, Field(description="Another goal, such as val_loss or val_macro_f1:max.")] = None,
    constraint: Annotated[Texts, Field(description="On metrics, such as parameters<=300000.")] = None,
    constrain: Annotated[Texts, Field(description="On hyperparameters, such as batch_size * width <= 4096.")] = None,
    epoch_budget: Annotated[int | None, Field(description="The most epochs of all trials together.")] = None,
    target_score: Annotated[float | None, Field(description="Ends the search once this score is reached.")] = None,
    patience: Annotated[int | None, Field(description="Ends it after so many trials without a better one.")] = None,
    sampler: str = "tpe",
    scheduler: str = "asha",
    warm_start: Annotated[str | None, Field(description="A sweep whose best points are tried first.")] = None,
    finalists: Annotated[int | None, Field(description="How many of the best are trained with other seeds.")] = None,
    confirm: Annotated[int | None, Field(description="With how many other seeds the winner is trained again.")] = None,
    refit: Annotated[bool, Field(description="Train the winner on training and validation samples together.")] = False,
    seed: int = 0,
    limit: Annotated[int | None, Field(description="The most samples for training and validation.")] = None,
    target: Column = None,
    task: Task = None,
    text: Column = None,
    test: TestSplit = None,
    group: Column = None,
    time: Column = None,
    known_as: Annotated[str | None, Field(description="A name for your own data.")] = None,
    concurrency: Annotated[int | None, Field(description="How many trials run at a time.")] = None,
    cpus_per_trial: int | None = None,
    gpus_per_trial: float | None = None,
    name: Annotated[str | None, Field(description="The sweep's name; by default DATASET-MODEL-N.")] = None,
) -> Begun:
    """Begin a search for the best hyperparameters in the background; its winner is tested and registered.

    Returns its name once it has begun, with its data read. `status` with wait_s waits for it.
    """
    options = dict(locals())
    from tuner.python import calls  # noqa: PLC0415

    options["as_"] = options.pop("known_as")
    options |= {each: options[each] or () for each in ("set", "constrain")}
    begun = calls.sweep(**options, detach=True, progress=False)
    return Begun(sweep=begun.name, folder=str(begun.folder))


def resume(
    name: Name,
    trials: Annotated[int | None, Field(description="How many it is to have in all.")] = None,
    time_budget: Time = None,
    max_epochs: Epochs = None,
    set: Sets = None,
    space: Space = None,
    constrain: Annotated[Texts, Field(description="Further relations between hyperparameters.")] = None,
    epoch_budget: Annotated[int | None, Field(description="The most epochs of all trials together.")] = None,
    target_score: Annotated[float | None, Field(description="Ends the search once this score is reached.")] = None,
    patience: Annotated[int | None, Field(description="Ends it after so many trials without a better one.")] = None,
    retry_failed: Annotated[bool, Field(description="Try failed trials again.")] = False,
) -> Begun:
    """Go on in the background with a sweep that was paused, stopped or crashed; a finished one needs more trials."""
    options = dict(locals())
    from tuner.python.handle import Sweep  # noqa: PLC0415

    found = Sweep.open(options.pop("name"))
    options |= {each: options[each] or () for each in ("set", "constrain")}
    going = found.resume(**options, detach=True, progress=False)
    return Begun(sweep=going.name, folder=str(going.folder))


def stop(
    name: Name,
    now: Annotated[bool, Field(description="At once and without a model: resume goes on with it.")] = False,
) -> Ordered:
    """End the search of a sweep that runs: trials finish their epoch, then the best is tested and registered."""
    from tuner.python.handle import Sweep  # noqa: PLC0415

    Sweep.open(name).stop(now=now)
    at_once = "was stopped at once, every trial as it was last saved; resume goes on with it"
    return _ordered(
        name, at_once if now else "stops: trials finish their epoch, then the best is tested and registered"
    )


def pause(name: Name) -> Ordered:
    """Save all trials of a sweep that runs, and stop it; resume goes on with it."""
    from tuner.python.handle import Sweep  # noqa: PLC0415

    Sweep.open(name).pause()
    return _ordered(name, "saves its trials and stops; resume goes on with it")


def _ordered(name: str, text: str) -> Ordered:
    from tuner.python.handle import Sweep  # noqa: PLC0415

    return Ordered.model_validate({"sweep": name, "state": Sweep.open(name).status().state, "text": f"{name} {text}"})
