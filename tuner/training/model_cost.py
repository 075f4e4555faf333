"""What a model costs: parameters, arithmetic, bytes on disk, seconds of training."""

from __future__ import annotations

import logging
import math
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import torch
from torch import Tensor

from tuner.core.cost import Cost
from tuner.core.records import TrialRecord
from tuner.data.spec import DataSpec
from tuner.training.classifier import Classifier
from tuner.training.optimizers import skip_dynamo


def measure_cost(model: Classifier, data: DataSpec, saved: Path, trial: TrialRecord) -> Cost:
    """The cost of the model that `load_model` gives for the folder `saved`, and that `trial` has trained."""
    return Cost(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        flops=forward_flops(model, data),
        bytes=sum(path.stat().st_size for path in saved.rglob("*") if path.is_file()),
        train_seconds=sum(metrics["epoch_seconds"] for metrics in trial.metrics.values()),
    )


def forward_flops(model: Classifier, data: DataSpec) -> int:
    """Operations of the model's matrix products and convolutions for one sample; a text has the full stored length.

    A multiply-add counts as two. Element-wise operations (activations, batch norm, pooling, biases) are left out, as in
    torch's own counter, which is used here. The model must be on the CPU, in evaluation mode.
    """
    flop_counter = _flop_counter()
    skip_dynamo(flop_counter._FlopCounterMode)
    recurrent = {torch.ops.aten.mkldnn_rnn_layer: _rnn_layer_flops}  # one kernel on Intel's and AMD's CPUs
    with flop_counter.FlopCounterMode(display=False, custom_mapping=recurrent) as counter:
        model(_sample(data))
    return int(counter.get_total_flops())


def _flop_counter() -> ModuleType:
    """torch.utils.flop_counter. For kernels that no model has on a CPU it would import Triton: 0.1 s, and 90 MB."""
    name, triton = "torch.utils.flop_counter", "triton"
    if name in sys.modules or triton in sys.modules:
        return import_module(name)
    log = logging.getLogger(name)
    before, log.disabled = log.disabled, True  # it would say that there is none
    cast(dict[str, Any], sys.modules)[triton] = None  # as the import system has it: it is not to be found
    try:
        return import_module(name)
    finally:
        del sys.modules[triton]
        log.disabled = before


def _sample(data: DataSpec) -> Tensor:
    """A stored sample of shape (1, *data.shape). Token 1 is a word, 0 would be padding."""
    if data.task == "text":
        return torch.ones(1, *data.shape, dtype=torch.int64)
    return torch.zeros(1, *data.shape)


def _rnn_layer_flops(
    inputs: tuple[int, ...], input_weight: tuple[int, ...], hidden_weight: tuple[int, ...], *_: Any, **__: Any
) -> int:
    """One direction of one layer over (steps, batch, features): two matrix products per gate and step."""
    steps, batch, _features = inputs
    return 2 * steps * batch * (math.prod(input_weight) + math.prod(hidden_weight))
