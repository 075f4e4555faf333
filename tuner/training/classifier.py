"""A model with its preprocessing: raw samples in, logits or a number out. This is what is trained, saved and served."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from tuner.core import catalog
from tuner.core.code_import import keywords_of
from tuner.core.errors import TunerError, unknown
from tuner.core.own_code import title
from tuner.core.records import Value
from tuner.data.batches import evaluation_batches
from tuner.data.spec import DataSpec
from tuner.data.texts import lengths
from tuner.training.device import memory_format, to_memory_format
from tuner.training.hyperparameters import OF_CLASSES, OF_TASK, TRAINING_PARAMETERS, Hyperparameters

Normalisation = tuple[tuple[float, ...], tuple[float, ...]]


class Classifier(nn.Module):
    """A network with its preprocessing: numbers are normalised per channel, and the padding of texts is cut off."""

    mean: Tensor
    std: Tensor

    def __init__(self, data: DataSpec, network: nn.Module, normalisation: Normalisation | None = None) -> None:
        """Normalises with the mean and standard deviation of the training split, unless `normalisation` is given."""
        super().__init__()
        per_channel = (-1,) + (1,) * (len(data.shape) - 1)
        # in float32, large values such as times in seconds would lose digits before the mean is subtracted
        kind = torch.float64 if data.task == "tabular" else torch.float32
        for name, values in zip(("mean", "std"), normalisation or (data.mean, data.std), strict=True):
            self.register_buffer(name, torch.tensor(values, dtype=kind).reshape(per_channel))
        self.text = data.task == "text"
        self.cuts_padding = True  # not in an exported graph, whose texts are cut before it: see `export_graph`
        self.network = network

    def forward(self, raw: Tensor) -> Tensor:
        """(batch, *data.shape) in raw units -> (batch, classes) logits, or (batch, 1) standardised numbers."""
        logits: Tensor = self.network(self.prepare(raw))
        return logits

    def prepare(self, raw: Tensor) -> Tensor:
        """The network's input: normalised float32 samples, or int64 tokens as long as the batch's longest text."""
        if self.text:
            return (raw[:, : int(lengths(raw).max())] if self.cuts_padding else raw).long()
        return ((raw.to(self.mean.dtype) - self.mean) / self.std).float()


def try_value(data: DataSpec, model: str, name: str, value: Any) -> None:
    """Raises ValueError, TypeError or RuntimeError when training, or this model on this data, refuses a value."""
    if name in TRAINING_PARAMETERS:
        Hyperparameters(**{name: value})
        refusal = why_not(data, name)
        if refusal and value != getattr(Hyperparameters(), name):
            raise TunerError(refusal)
    else:
        build_classifier(data, model, {name: value})


def why_not(data: DataSpec, name: str) -> str:
    """Why a parameter of training means nothing for this data; empty when it does mean something."""
    if data.number is not None and name in OF_CLASSES:
        return f"{name} is for classes, and '{data.number.name}' is a number"
    task, does = OF_TASK.get(name, (data.task, ""))
    if data.task != task:
        return f"{name} {does}, and this is {data.task} data: leave it out"
    if name == "mixup" and data.task == "text":
        return "mixup mixes numbers, and texts are words: leave it out"
    return ""


def foreign_parameters(model: str) -> set[str]:
    """The parameters of training that mean nothing for the kinds of data that a model is for."""
    tasks = catalog.load("models", model).TASKS
    return {name for name, (task, _) in OF_TASK.items() if task not in tasks}


def build_classifier(data: DataSpec, model: str, arguments: Mapping[str, Any]) -> Classifier:
    """The catalog's `model` for `data`, with keyword arguments for its `build`.

    Raises:
        TunerError: the model is unknown, does not fit the task, or does not take an argument or its value.
    """
    check_task(data, model)
    known = model_parameters(model)
    for name in arguments:
        if name not in known:
            raise unknown(f"parameter of {title(model)}", name, known)
    module = catalog.load("models", model)
    network = module.build(data, **arguments)
    if not isinstance(network, nn.Module):
        raise TunerError(f"build of {title(model)} gives {type(network).__name__}: it must return an nn.Module")
    if any(map(is_lazy, network.parameters())):
        raise TunerError(
            f"build of {title(model)} gives a lazy module, whose sizes are open: take them from data.shape"
        )
    return Classifier(data, network, _normalisation(module, data))


def _normalisation(module: Any, data: DataSpec) -> Normalisation | None:
    """That of the images that a model was pretrained on; None for data of other channels."""
    found: Normalisation | None = getattr(module, "NORMALISATION", None)
    return found if found and data.shape[0] in (1, len(found[0])) else None


def check_task(data: DataSpec, model: str) -> None:
    """Raises TunerError when the model is not made for the task of the data."""
    tasks = catalog.load("models", model).TASKS
    if data.task not in tasks:
        fitting = [name for name in catalog.names("models") if data.task in catalog.load("models", name).TASKS]
        raise TunerError(
            f"model '{title(model)}' takes {' and '.join(tasks)} data, but {data.name} is {data.task} data: "
            f"choose one of {', '.join(fitting) or 'none yet'}"
        )


def model_note(data: DataSpec, model: str) -> str:
    """What the model has to say before it is trained on the data, such as that it will take long; empty for nothing."""
    module = catalog.load("models", model) if catalog.defines("models", model, "note") else None
    note: str = module.note(data) if module and data.task in module.TASKS else ""
    return note


def model_parameters(model: str) -> dict[str, Any]:
    """The keyword arguments of a model's `build`, with their defaults."""
    return keywords_of(catalog.load("models", model).build, 1)


def parameter_defaults(model: str) -> dict[str, Value]:
    """What training and a model take for each of their parameters that is not given, where that is a plain value."""
    training = {each.name: each.default for each in fields(Hyperparameters)}
    return {name: value for name, value in {**model_parameters(model), **training}.items() if isinstance(value, Value)}


def training_defaults(data: DataSpec) -> dict[str, Value]:
    """What training takes for each of its parameters that means something for this data and is not given."""
    defaults: dict[str, Value] = vars(Hyperparameters())
    return {name: value for name, value in defaults.items() if not why_not(data, name)}


def is_pretrained(model: str, arguments: Mapping[str, Any]) -> bool:
    """Whether training starts from pretrained weights, see `sweeps.inputs`."""
    return bool({**model_parameters(model), **arguments}.get("pretrained"))


def parameter_count(module: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


_DRAWN = ("normal_", "uniform_")  # the methods for random values that torch.nn.init and networks call


class _Undrawn(TorchFunctionMode):
    """Skips the random initialisation of tensors: for tensors without memory it would take 5 s of imports."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if getattr(func, "__module__", None) == "torch.nn.init" or getattr(func, "__name__", "") in _DRAWN:
            return args[0] if args else dict(kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def model_bytes(data: DataSpec, model: str, arguments: Mapping[str, Any]) -> int | None:
    """Total bytes of the model's tensors, see `build_classifier`; None if it cannot be built without memory."""
    with suppress(RuntimeError, TunerError), torch.device("meta"), _Undrawn():  # what is wrong is told when it is built
        state = build_classifier(data, model, arguments).state_dict()
        return sum(int(value.nbytes) for value in state.values())
    return None


@torch.inference_mode()
def predict_logits(model: nn.Module, inputs: Tensor) -> Tensor:
    """(samples, outputs) float32 of raw samples, computed in batches and full precision in evaluation mode."""
    model.eval()
    layout = memory_format(model)
    order, batches = evaluation_batches(inputs)
    logits = torch.cat([model(to_memory_format(inputs.index_select(0, index), layout)) for index in batches])
    return logits[order.argsort()]
