"""A user's own training, where that trains the trials of a sweep in place of tuner's loop: a function, or a program."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tuner.core.errors import TunerError, unknown
from tuner.core.records import Value

FUNCTION, SCRIPT = "function", "script"
FUNCTION_NAME = "train"
"""Of the function in a file, unless FILE.py:NAME says another one."""
USAGE = "def train(trial)"
DEFAULT_EPOCHS = 10
"""Of a trial, where neither the search space nor --max-epochs says it."""
_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


@dataclass(frozen=True, kw_only=True)
class Program:
    """What is known of it, kept in sweep.json as `program`."""

    kind: str
    """FUNCTION or SCRIPT."""
    name: str
    """Of the MLflow experiment and the registered model; sweeps are called NAME-1, NAME-2."""
    shown: str
    """As it was given, for people: `train.py`, `my_function`, or the command."""
    digest: str
    """Stands for the code that is kept with the sweep; empty when there is none."""
    saves: bool
    """Whether the code of a function calls `trial.save`, so that a trial can wait at a rung."""
    command: str = ""
    """Of a program, with placeholders."""
    folder: str = ""
    """Where a program is run, but for a cluster: the folder in which the command was typed."""

    def to_json(self) -> dict[str, Any]:
        """For sweep.json."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Program:
        """The reverse of `to_json`. Raises TypeError when something is missing."""
        return cls(**raw)


def placeholders(command: str) -> list[str]:
    """The names in braces, each once.

    >>> placeholders("python train.py --lr {lr} --size={size} --lr2 {lr} {{literal}}")
    ['lr', 'size']
    """
    return list(dict.fromkeys(name for name in _PLACE.findall(command) if name))


def check_command(command: str, known: Collection[str]) -> list[str]:
    """Checks a command with placeholders against the parameters of a search space.

    Returns the parameters that it does not use.

    Raises:
        TunerError: it is empty, has an open quote, or names a parameter that there is not.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise TunerError(f"--script: {error}: {command}") from None
    if not words:
        raise TunerError('--script: give a command, such as "python train.py --lr {lr}"')
    for name in placeholders(command):
        if name not in known:
            raise unknown("placeholder of --script", name, known)
    return [name for name in known if name not in placeholders(command)]


def filled_in(command: str, parameters: Mapping[str, Value]) -> list[str]:
    """The words of a command with the values of a trial. A word with a parameter that the trial has not is left out.

    >>> filled_in("train --lr {lr} --momentum={momentum} --name {{x}}", {"lr": 0.1})
    ['train', '--lr', '0.1', '--name', '{x}']
    """
    found = []
    for word in shlex.split(command):
        names = placeholders(word)
        if all(name in parameters for name in names):
            found.append(_PLACE.sub(lambda place: _written(place, parameters), word))
    return found


def _written(place: re.Match[str], parameters: Mapping[str, Value]) -> str:
    if not place[1]:
        return place[0][0]
    value = parameters[place[1]]
    return json.dumps(value) if isinstance(value, bool) else str(value)
