"""Tries a user's own model on a few samples, so that what is wrong in it is told before anything is trained."""

from __future__ import annotations

import torch
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.core.kept_code import KeptCode
from tuner.core.own_code import is_own, kept_code
from tuner.data.spec import DataSpec, Split
from tuner.training.classifier import Classifier, build_classifier
from tuner.training.targets import target_of

SAMPLES = 4


def check_own_model(data: DataSpec, split: Split, model: str) -> None:
    """One step forward and back with a few samples; nothing for a model of the catalog.

    Raises:
        TunerError: the network fails or gives no logits, with the user's file and line.
    """
    if is_own(model):
        code = kept_code(model)
        inputs, targets = split.inputs[:SAMPLES], split.targets[:SAMPLES]
        with torch.random.fork_rng(devices=[]):  # what comes next draws as it would without this
            _step(build_classifier(data, model, {}), inputs, targets, data, code)


def _step(built: Classifier, inputs: Tensor, targets: Tensor, data: DataSpec, code: KeptCode) -> None:
    try:
        logits = built.train()(inputs)
        _check_logits(logits, (len(inputs), data.outputs), code)
        target = target_of(data)
        torch.autograd.backward(target.loss(logits, target.encode(targets), None, 0.0))
    except TunerError:
        raise
    except Exception as error:
        raise TunerError(code.explain(error)) from error
    if not any(each.grad is not None for each in built.parameters()):
        raise TunerError(f"{code.shown(code.entry)}: the network has no parameters that are trained")


def _check_logits(logits: object, shape: tuple[int, int], code: KeptCode) -> None:
    place = code.shown(code.entry)
    if not isinstance(logits, Tensor):
        raise TunerError(f"{place}: the network gives {type(logits).__name__}: it must give one tensor of logits")
    if tuple(logits.shape) != shape:
        raise TunerError(
            f"{place}: for {shape[0]} samples the network gives a tensor {tuple(logits.shape)}: it must be {shape}, a "
            "number (logit) for each class, or data.outputs numbers in all"
        )
    if not logits.is_floating_point() or not logits.requires_grad:
        raise TunerError(f"{place}: the network's logits have no gradient: they must come from its parameters")
