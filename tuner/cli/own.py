"""The commands for a user's own code: new, check."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tuner.cli import data_options as data
from tuner.cli.console import Command, err, out
from tuner.cli.options import Target, Task
from tuner.core.data_options import DataOptions
from tuner.core.environment import prepare_environment

app = typer.Typer()
new = typer.Typer(help="Write a commented start for your own model, dataset or search space.", no_args_is_help=True)


@app.command(cls=Command)
def check(
    code: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="A model, a dataset, or a dataset and a model.", show_default=False),
    ],
    *,
    target: Target = None,
    task: Task = None,
    text: data.Text = None,
    test: data.Test = None,
    group: data.Group = None,
    time: data.Time = None,
) -> None:
    """Check your own model or dataset: build it, train two steps, save, load and predict.

    A model alone is tried on small made-up data of each task that it says it is for; with a dataset before it on that.

    Data of your own are read and divided as for a sweep with the same options.

    Examples:  tuner check my_model.py   |   tuner check my_data.py my_model.py
    """
    prepare_environment()
    from tuner.core.errors import TunerError  # noqa: PLC0415
    from tuner.sweeps.check import check as examine  # noqa: PLC0415 - imports torch

    if len(code) > 2:
        raise TunerError(f"give a model, a dataset, or a dataset and a model: {len(code)} words are too many")
    options = DataOptions(text=text, test=test, group=group, time=time)
    examine(code, lambda line: out.print(line, markup=False), target, task, options)
    out.print("good")


@new.command("model", cls=Command)
def new_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for ./models/NAME.py, or FILE.py.")],
) -> None:
    """Write ./models/NAME.py: a small network with comments on what a model must have."""
    _code("model", name)


@new.command("dataset", cls=Command)
def new_dataset(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for ./datasets/NAME.py, or FILE.py.")],
) -> None:
    """Write ./datasets/NAME.py: a small dataset with comments on what a dataset must have."""
    _code("dataset", name)


@new.command("space", cls=Command)
def new_space(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="As for `tuner sweep`.")],
    model: Annotated[str, typer.Argument(metavar="MODEL", help="As for `tuner sweep`.")],
    *,
    target: Target = None,
    task: Task = None,
    text: data.Text = None,
    test: data.Test = None,
    group: data.Group = None,
    time: data.Time = None,
) -> None:
    """Write ./search_spaces/DATASET-MODEL.toml: the search space that the pair has now, to be changed."""
    prepare_environment()
    from tuner.sweeps import new_code  # noqa: PLC0415 - imports torch

    options = DataOptions(text=text, test=test, group=group, time=time)
    words = [
        "tuner",
        "sweep",
        dataset,
        model,
        *(["--target", target] if target else []),
        *(["--task", task] if task else []),
        *options.words(),
    ]
    _print(new_code.new_space(dataset, model, target, task, options), [shlex.join(words)])


def _code(start: str, name: str) -> None:
    prepare_environment()
    from tuner.sweeps import new_code  # noqa: PLC0415 - imports torch

    path = new_code.new_code("model" if start == "model" else "dataset", name)
    _print(path, new_code.next_commands("model" if start == "model" else "dataset", path))


def _print(path: Path, commands: list[str]) -> None:
    out.print(str(path), markup=False)
    err.print("Change it, then:", *commands, sep="\n    ", markup=False, soft_wrap=True)
