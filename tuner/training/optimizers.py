"""The optimizers, over parameter groups, without importing torch's compiler."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import torch
from torch import nn

OPTIMIZERS = ("sgd", "adam", "adamw")


def make_optimizer(
    model: nn.Module, name: str, *, lr: float, momentum: float, weight_decay: float
) -> torch.optim.Optimizer:
    """The optimizer over the model's parameters, in its fused form.

    Args:
        model: on the device that it is trained on.
        name: one of OPTIMIZERS; sgd is with Nesterov momentum.
        lr: the learning rate.
        momentum: of sgd only.
        weight_decay: of weights only: biases and normalisation layers are left alone.
    """
    skip_dynamo()
    groups = _parameter_groups(model, weight_decay)
    if name == "sgd":
        return torch.optim.SGD(groups, lr=lr, momentum=momentum, nesterov=momentum > 0, fused=True)
    if name == "adam":
        return torch.optim.Adam(groups, lr=lr, fused=True)
    return torch.optim.AdamW(groups, lr=lr, fused=True)


def load_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Restores the state of each parameter. Momentum and weight decay stay those that the optimizer was made with.

    They are the same as in the `state`, unless the trial has changed them since.
    """
    made_with = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, own in zip(optimizer.param_groups, made_with, strict=True):
        group.update(own)


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Gives each parameter the learning rate, times its own factor."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group["lr_scale"]


def skip_dynamo(owner: type = torch.optim.Optimizer) -> None:
    """Sets what `torch._compile._disable_dynamo` would import the compiler for: the method itself, unchanged.

    Call it before an optimizer is created, or before another `owner` of methods hidden from the compiler is used.
    Does nothing if the compiler is imported already.
    """
    if "torch._dynamo" in sys.modules:
        return
    for method in vars(owner).values():
        eager = getattr(method, "__wrapped__", None)
        if eager is not None and not hasattr(eager, "__dynamo_disable"):
            setattr(eager, "__dynamo_disable", eager)


@torch.no_grad()
def optimizer_step(optimizer: torch.optim.Optimizer) -> None:
    """`optimizer.step()` without its wrappers, which serve profiling, hooks, differentiable steps and compilation."""
    inspect.unwrap(type(optimizer).step)(optimizer)


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """The trainable parameters, grouped by weight decay and by the `lr_scale` that a model may give some of them."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            decay = weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((decay, getattr(parameter, "lr_scale", 1.0)), []).append(parameter)
    return [
        {"params": parameters, "weight_decay": decay, "lr_scale": scale}
        for (decay, scale), parameters in groups.items()
    ]
