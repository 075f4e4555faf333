"""Optimizers without torch's compiler: it is not imported, and the weights are the same."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from support.optimizers import optimizer_of
from torch import nn

from tuner.training.hyperparameters import Hyperparameters
from tuner.training.optimizers import OPTIMIZERS, optimizer_step

CHOICES: list[dict[str, Any]] = [
    {"optimizer": "sgd", "momentum": 0.9},
    {"optimizer": "sgd", "momentum": 0.0},
    {"optimizer": "adam"},
    {"optimizer": "adamw"},
]


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_a_step_gives_the_weights_of_torchs_own_step(choice: dict[str, Any]) -> None:
    assert {each["optimizer"] for each in CHOICES} == set(OPTIMIZERS)
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Linear(5, 3))
    theirs = copy.deepcopy(ours)
    start = copy.deepcopy(ours.state_dict())
    hyperparameters = Hyperparameters(**choice, lr=0.05, weight_decay=0.01)
    eager, wrapped = (optimizer_of(model, hyperparameters) for model in (ours, theirs))
    for _ in range(5):
        inputs, targets = torch.randn(8, 6), torch.randint(0, 3, (8,))
        for model in (ours, theirs):
            model.zero_grad()
            nn.functional.cross_entropy(model(inputs), targets).backward()  # type: ignore[no-untyped-call]
        optimizer_step(eager)
        wrapped.step()
    for name, value in ours.state_dict().items():
        assert torch.equal(value, theirs.state_dict()[name])
    assert not torch.equal(ours.state_dict()["0.weight"], start["0.weight"])
    assert str(eager.state_dict()) == str(wrapped.state_dict())


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_a_step_leaves_the_gradients_switched_on_and_the_parameters_trainable(choice: dict[str, Any]) -> None:
    model = nn.Linear(2, 2)
    optimizer = optimizer_of(model, Hyperparameters(**choice))
    model(torch.ones(1, 2)).sum().backward()
    optimizer_step(optimizer)
    assert torch.is_grad_enabled()
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_parameter_without_gradient_is_left_as_it_is() -> None:
    used, unused = nn.Linear(2, 2), nn.Linear(2, 2)
    before = copy.deepcopy(unused.state_dict())
    optimizer = optimizer_of(nn.ModuleList([used, unused]), Hyperparameters(optimizer="adamw"))
    used(torch.ones(1, 2)).sum().backward()
    optimizer_step(optimizer)
    assert all(torch.equal(unused.state_dict()[name], value) for name, value in before.items())
