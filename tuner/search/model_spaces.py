"""The search space of several models: a parsed space whose key `models` names them.

Each has parameters of its own, `cnn.lr`, in a file below [params.cnn]; the others are for all models. A start point
says by `model` which it is for.

    models = ["cnn", "lenet"]
    epochs = 20
    [params]
    batch_size = { choices = [64, 128] }
    [params.cnn]
    dropout = { low = 0.0, high = 0.5 }
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tuner.core.errors import TunerError
from tuner.core.several_models import MODEL
from tuner.search.space_relations import CONSTRAIN
from tuner.search.start_points import START

MODELS = "models"  # the key in the file of a search space


def parse_models(raw: Mapping[str, Any], source: str) -> tuple[str, ...]:
    """The titles of the models of a parsed space; none for one model.

    Raises:
        TunerError: with the file `source`, the key and the reason.
    """
    found = raw.get(MODELS, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise TunerError(f"{source}: {MODELS}: must be a list of names, got {found!r}")
    if MODELS in raw and (len(found) < 2 or len(set(found)) < len(found)):
        raise TunerError(f"{source}: {MODELS}: name two models or more, each once, got {found!r}")
    params = raw.get("params")
    if not found or not isinstance(params, Mapping):
        return tuple(found)  # `parse_space` refuses the latter
    if MODEL in params:
        raise TunerError(f"{source}: params.{MODEL}: {MODELS} says already which there are: leave it out")
    for model, name in (split_key(key, found) for key in params):
        if model and name in params:
            raise TunerError(f"{source}: params.{name} is for all models, and {model} has its own: leave one out")
    return tuple(found)


def split_key(key: str, models: Sequence[str]) -> tuple[str, str]:
    """The model of a parameter, and its name. It has no model where it is for all.

    >>> split_key("cnn.lr", ["cnn", "lenet"]), split_key("lr", ["cnn", "lenet"]), split_key("net.lr", [])
    (('cnn', 'lr'), ('', 'lr'), ('', 'net.lr'))
    """
    model, dot, name = key.partition(".")
    return (model, name) if dot and model in models else ("", key)


def flattened(raw: Mapping[str, Any], models: Sequence[str]) -> dict[str, Any]:
    """The parsed file with `cnn.lr` in place of the `lr` in a table [params.cnn].

    >>> flattened({"params": {"batch_size": 64, "cnn": {"lr": 0.1}}}, ["cnn", "lenet"])
    {'params': {'batch_size': 64, 'cnn.lr': 0.1}}
    """
    params = raw.get("params")
    if not models or not isinstance(params, Mapping):
        return dict(raw)
    flat: dict[str, Any] = {}
    for name, entry in params.items():
        nested = name in models and isinstance(entry, Mapping)
        flat |= {f"{name}.{each}": value for each, value in entry.items()} if nested else {name: entry}
    return {**raw, "params": flat}


def merged(spaces: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The space of several models, from the parsed space of each by its title.

    A trial has as many epochs as the space with the most has, so that all are compared after equal epochs.
    """
    params = {f"{model}.{name}": entry for model, raw in spaces.items() for name, entry in raw["params"].items()}
    start = [{MODEL: model, **point} for model, raw in spaces.items() for point in raw.get(START, ())]
    made = {"epochs": max(raw["epochs"] for raw in spaces.values()), MODELS: list(spaces), "params": params}
    relations = [
        f"{MODEL} != {model!r} or ({text})" for model, raw in spaces.items() for text in raw.get(CONSTRAIN, [])
    ]
    return made | ({CONSTRAIN: relations} if relations else {}) | ({START: start} if start else {})
