"""How large a model is, told without making it: its tensors have shapes and no memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from tuner.classifier import build_classifier
from tuner.data import DataSpec

_DRAWN = ("normal_", "uniform_")  # what torch.nn.init draws from, and networks themselves


class _Undrawn(TorchFunctionMode):
    """Leaves tensors as they are that are filled at random: without memory, that would take 5 s of imports."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if getattr(func, "__module__", None) == "torch.nn.init" or getattr(func, "__name__", "") in _DRAWN:
            return args[0] if args else dict(kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def model_bytes(data: DataSpec, model: str, arguments: Mapping[str, Any]) -> int | None:
    """The bytes of all its tensors, see `build_classifier`; None for a network that cannot be made without memory."""
    with suppress(RuntimeError), torch.device("meta"), _Undrawn():
        state = build_classifier(data, model, arguments).state_dict()
        return sum(int(value.nbytes) for value in state.values())
    return None
