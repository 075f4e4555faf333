"""`--set` on the command line: a constant, a list of choices or a range that replaces one of the search space."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tuner.core.errors import TunerError
from tuner.core.several_models import MODEL
from tuner.search.model_spaces import MODELS
from tuner.search.space_file import LARGEST

_FORMS = "use NAME=VALUE, NAME=A,B,C or NAME=LOW..HIGH"
LOG = ":log"
"""After a range: its values are drawn on a log scale."""


Takes = Callable[[str, str], bool]
"""Whether a model, by its title, takes a parameter of this name."""


def override(raw: Mapping[str, Any], expressions: Iterable[str], takes: Takes = lambda _, __: False) -> dict[str, Any]:
    """The parsed space `raw` with each expression applied.

    With several models `lr` is that of each model that `takes` it, and `cnn.lr` that of one.

    >>> override({"epochs": 9, "params": {"lr": {"low": 0.1, "high": 1.0, "log": True}}}, ["lr=1..2", "depth=20,32"])
    {'epochs': 9, 'params': {'lr': {'low': 1.0, 'high': 2.0, 'log': True}, 'depth': {'choices': [20, 32]}}}
    >>> override({"params": {}}, ["lr=0.001..1:log"])
    {'params': {'lr': {'low': 0.001, 'high': 1, 'log': True}}}
    """
    params = raw.get("params", {})
    if not isinstance(params, dict):
        return dict(raw)  # `parse_space` refuses it
    params = dict(params)
    for expression in expressions:
        name, equals, value = (part.strip() for part in expression.partition("="))
        if not (name and equals and value):
            raise TunerError(f"--set '{expression}': {_FORMS}")
        if name == "epochs":
            raise TunerError(f"--set '{expression}': use --max-epochs {value}")
        if name == MODEL and raw.get(MODELS):
            raise TunerError(f"--set '{expression}': name the models on the command line, such as cnn,lenet")
        for key in _keys(name, params, raw.get(MODELS, []), takes):
            params[key] = _entry(value, params.get(key), expression)
    return {**raw, "params": params}


def _keys(name: str, params: Mapping[str, Any], models: Iterable[str], takes: Takes) -> list[str]:
    """What is set: of several models the parameter of each that takes it, unless there is one for all."""
    own = [f"{model}.{name}" for model in models if f"{model}.{name}" in params or takes(model, name)]
    return [name] if name in params or not own else own


def _entry(value: str, previous: Any, expression: str) -> Any:
    if ".." in value:
        return _range(value, previous, expression)
    if "," in value:
        parts = value.removesuffix(",").split(",")
        if not all(part.strip() for part in parts):
            raise TunerError(f"--set '{expression}': a choice is empty: {_FORMS}")
        return {"choices": [literal(part) for part in parts]}
    return literal(value)


def _range(value: str, previous: Any, expression: str) -> dict[str, Any]:
    """A range keeps its log scale and its float type from the range that it replaces; `:log` asks for a log scale."""
    plain = value.removesuffix(LOG)
    low, high = (literal(end) for end in plain.split("..", 1))
    if not all(type(end) in (int, float) for end in (low, high)):
        raise TunerError(f"--set '{expression}': {value} is not a range of numbers: {_FORMS}")
    tables = [table for table in (previous if isinstance(previous, list) else [previous]) if isinstance(table, dict)]
    if any(isinstance(table.get("low"), float) for table in tables):
        low, high = (float(end) if abs(end) <= LARGEST else end for end in (low, high))  # `parse_space` refuses larger
    log = plain != value or (any(table.get("log") for table in tables) and low > 0)
    return {"low": low, "high": high} | ({"log": True} if log else {})


def literal(text: str) -> Any:
    """A number or boolean where the text is one, else the text itself: `--set optimizer=adam` needs no quotes."""
    text = text.strip()
    if text in ("true", "false"):
        return text == "true"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # for 3in, which Python reads as a 3 and a keyword
            literal = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return literal if isinstance(literal, int | float | str) else text
