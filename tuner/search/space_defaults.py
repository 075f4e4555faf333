"""The default search space of a pair without a file: training ranges by task, and ranges from the model's file."""

from __future__ import annotations

import inspect
from typing import Any

from tuner.core import catalog

EPOCHS: dict[str, int] = {"image": 30, "tabular": 40, "text": 8}
TRAINING: dict[str, Any] = {
    "batch_size": {"choices": [32, 64, 128]},
    "optimizer": {"choices": ["sgd", "adamw"]},
    "lr": [
        {"when": {"optimizer": "sgd"}, "low": 0.01, "high": 0.3, "log": True},
        {"when": {"optimizer": ["adam", "adamw"]}, "low": 1e-3, "high": 1e-2, "log": True},
    ],
    "momentum": {"low": 0.8, "high": 0.95, "when": {"optimizer": "sgd"}},
    "weight_decay": [
        {"when": {"optimizer": ["sgd", "adam"]}, "low": 1e-6, "high": 1e-3, "log": True},
        {"when": {"optimizer": "adamw"}, "low": 1e-3, "high": 0.3, "log": True},
    ],
}


BY_TASK: dict[str, dict[str, Any]] = {
    "image": {"label_smoothing": {"choices": [0.0, 0.1]}},
    "tabular": {},
    "text": {},
}


def default_space(model: str, task: str) -> dict[str, Any]:
    """A parsed search space. Entries of `SPACE` in the model's file replace the general ones of this module."""
    module = catalog.load("models", model)
    takes_dropout = "dropout" in inspect.signature(module.build).parameters
    own: dict[str, Any] = getattr(module, "SPACE", {"dropout": {"low": 0.0, "high": 0.5}} if takes_dropout else {})
    params = {**TRAINING, **BY_TASK[task], **own}
    fitting = ((name, _fitting(entry, params["optimizer"]["choices"])) for name, entry in params.items())
    return {"epochs": EPOCHS[task], "params": {name: entry for name, entry in fitting if entry != []}}


def _fitting(entry: Any, optimizers: list[str]) -> Any:
    """An entry without the parts that apply only to optimizers other than these."""
    if isinstance(entry, list):
        return [kept for kept in (_fitting(table, optimizers) for table in entry) if kept != []]
    wanted = entry.get("when", {}).get("optimizer") if isinstance(entry, dict) else None
    if wanted is None:
        return entry
    kept = [optimizer for optimizer in optimizers if optimizer in ([wanted] if isinstance(wanted, str) else wanted)]
    return {**entry, "when": {"optimizer": kept}} if kept else []
