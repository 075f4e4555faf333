"""A new sweep, as the fields of the page's form, and as the command that says the same."""

from __future__ import annotations

import shlex

from pydantic import BaseModel, ConfigDict, Field

from tuner.core.errors import TunerError

_TEXT = 4000  # characters of a field


class Form(BaseModel):
    """What is filled in; what is empty has its default. The names are those of the options of `tuner sweep`."""

    model_config = ConfigDict(extra="forbid")

    dataset: str = Field(default="", max_length=_TEXT)
    models: list[str] = Field(default=[], max_length=50)
    target: str = Field(default="", max_length=_TEXT)
    overrides: list[str] = Field(default=[], max_length=200)
    """Of --set."""
    trials: str = Field(default="", max_length=20)
    time_budget: str = Field(default="", max_length=20)
    max_epochs: str = Field(default="", max_length=20)
    sampler: str = Field(default="", max_length=20)
    scheduler: str = Field(default="", max_length=20)
    name: str = Field(default="", max_length=100)
    more: str = Field(default="", max_length=_TEXT)
    """Other options, as one would type them."""


_NOT_HERE = ("--address", "--attach", "--slurm", "--json", "--detach", "--dry-run", "--wait", "--help")


def sweep_words(form: Form) -> list[str]:
    """The words after `tuner` of the command of this sweep.

    Whether they are right is for the command itself to say: it reads them as it reads those of a terminal.

    Raises:
        TunerError: the other options are not closed, or have what the page does itself.
    """
    try:
        more = shlex.split(form.more)
    except ValueError as error:
        raise TunerError(f"more options: {error}: a quote is not closed") from None
    for word in more:
        if word.partition("=")[0] in _NOT_HERE:
            raise TunerError(f"{word}: the page decides itself where and how a sweep is started: leave it out")
    models = ",".join(each.strip() for each in form.models if each.strip())
    given = {
        "--target": form.target,
        "--trials": form.trials,
        "--time-budget": form.time_budget,
        "--max-epochs": form.max_epochs,
        "--sampler": form.sampler,
        "--scheduler": form.scheduler,
        "--name": form.name,
    }
    options: list[str] = []
    for option, value in given.items():
        options += _option(option, value.strip())
    for each in form.overrides:
        options += _option("--set", each.strip())
    dataset = form.dataset.strip()
    if not dataset and "--script" not in more:
        raise TunerError("choose a dataset")
    for word in (dataset, models):
        if word.startswith("-"):
            raise TunerError(f"{word}: the name of a dataset or model, or a path, does not begin with '-'")
    return ["sweep", *filter(None, (dataset, models)), *options, *more]


def _option(option: str, value: str) -> list[str]:
    """Nothing for an empty value; one that looks like an option is tied to its own."""
    if not value:
        return []
    return [f"{option}={value}"] if value.startswith("-") else [option, value]


def command_text(words: list[str]) -> str:
    """To be copied into a terminal."""
    return shlex.join(["tuner", *words])
