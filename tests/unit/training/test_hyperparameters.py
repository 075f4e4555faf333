"""The hyperparameters of training: what is refused, and the optimizers that they make."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pytest
import torch
from support.model_inputs import make_spec
from support.optimizers import optimizer_of
from torch import nn

from tuner.core.errors import TunerError
from tuner.training.classifier import training_defaults
from tuner.training.hyperparameters import TRAINING_PARAMETERS, Hyperparameters, split_parameters
from tuner.training.optimizers import OPTIMIZERS

SHARE = "must be at least 0 and below 1, got"


def model() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("optimizer", "adamm", "unknown optimizer 'adamm': did you mean adam or adamw?"),
        ("optimizer", "zzz", "unknown optimizer 'zzz': choose one of adam, adamw, sgd"),
        ("optimizer", 3, "unknown optimizer '3': choose one of adam, adamw, sgd"),
        ("batch_size", 0, "batch_size must be a whole number of at least 1, got 0"),
        ("batch_size", -8, "batch_size must be a whole number of at least 1, got -8"),
        ("lr", 0, "lr must be above 0, got 0"),
        ("lr", -0.1, "lr must be above 0, got -0.1"),
        ("lr", math.nan, "lr must be a finite number, got nan"),
        ("momentum", 1, f"momentum {SHARE} 1"),
        ("momentum", -0.1, f"momentum {SHARE} -0.1"),
        ("momentum", math.nan, "momentum must be a finite number, got nan"),
        ("warmup", 1.0, f"warmup {SHARE} 1.0"),
        ("label_smoothing", 1.5, f"label_smoothing {SHARE} 1.5"),
        ("cutout", 1, f"cutout {SHARE} 1"),
        ("ema", 1, f"ema {SHARE} 1"),
        ("mixup", -0.1, "mixup must not be negative, got -0.1"),
        ("mixup", math.inf, "mixup must be a finite number, got inf"),
        ("randaugment", 1.1, "randaugment must be from 0 to 1, got 1.1"),
        ("randaugment", -0.1, "randaugment must be from 0 to 1, got -0.1"),
        ("weight_decay", -1e-4, "weight_decay must not be negative, got -0.0001"),
        ("weight_decay", math.nan, "weight_decay must be a finite number, got nan"),
    ],
)
def test_a_bad_value_is_refused_in_one_line_with_its_name(name: str, value: Any, message: str) -> None:
    with pytest.raises(TunerError) as caught:
        Hyperparameters(**{name: value})
    assert str(caught.value) == message


@pytest.mark.parametrize("batch_size", [16.5, 64.0, True, math.nan])
def test_a_batch_size_that_is_no_whole_number_is_refused(batch_size: Any) -> None:
    """Training would fail in every trial, when it cuts the first batch."""
    with pytest.raises(TunerError, match="batch_size"):
        Hyperparameters(batch_size=batch_size)


@pytest.mark.parametrize(
    ("name", "value"),
    [("batch_size", 1), ("momentum", 0.0), ("warmup", 0), ("label_smoothing", 0), ("weight_decay", 0), ("lr", 1e-12)],
)
def test_a_value_on_its_bound_is_taken(name: str, value: float) -> None:
    assert getattr(Hyperparameters(**{name: value}), name) == value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "kind"), [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)]
)
def test_every_optimizer_is_torchs_own_and_fused(name: str, kind: type[torch.optim.Optimizer]) -> None:
    optimizer = optimizer_of(model(), Hyperparameters(optimizer=name, lr=0.25))
    assert type(optimizer) is kind
    assert {group["lr"] for group in optimizer.param_groups} == {0.25}
    assert {group["fused"] for group in optimizer.param_groups} == {True}


def test_the_names_of_the_optimizers_are_all_tried_here() -> None:
    assert OPTIMIZERS == ("sgd", "adam", "adamw")


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.9, True), (0.0, False)])
def test_sgd_takes_the_momentum_and_is_nesterovs_where_there_is_any(momentum: float, nesterov: bool) -> None:
    optimizer = optimizer_of(model(), Hyperparameters(optimizer="sgd", momentum=momentum))
    assert {(group["momentum"], group["nesterov"]) for group in optimizer.param_groups} == {(momentum, nesterov)}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_only_weights_decay_and_every_trained_parameter_is_in_one_group(name: str) -> None:
    network = model()
    frozen = next(network.parameters()).requires_grad_(False)
    optimizer = optimizer_of(network, Hyperparameters(optimizer=name, weight_decay=0.5))
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    expected = {id(p): 0.5 if p.ndim > 1 else 0.0 for p in network.parameters() if p is not frozen}
    assert decay == expected
    assert sorted(expected.values()) == [0.0, 0.0, 0.0, 0.0, 0.5]


def test_parameters_are_parted_into_those_of_training_and_those_of_the_model() -> None:
    training, arguments = split_parameters("cnn", {"lr": 0.5, "width": 2.0, "optimizer": "adam", "dropout": 0.1})
    assert training == Hyperparameters(lr=0.5, optimizer="adam")
    assert arguments == {"width": 2.0, "dropout": 0.1}


def test_what_training_takes_by_default_is_told_as_far_as_it_means_something_for_the_data() -> None:
    image = training_defaults(make_spec("image", (1, 8, 8)))
    text, table = (set(training_defaults(make_spec(*each))) for each in (("text", (9,)), ("tabular", (4,))))
    assert set(image) == TRAINING_PARAMETERS - {"word_dropout"}
    assert {image[name] for name in ("cutout", "randaugment", "mixup", "ema")} == {0.0}
    assert TRAINING_PARAMETERS - table == {"cutout", "randaugment", "word_dropout", "views"}
    assert TRAINING_PARAMETERS - text == {"cutout", "randaugment", "views", "mixup"}


def test_every_field_is_a_training_parameter() -> None:
    assert {field.name for field in fields(Hyperparameters)} == TRAINING_PARAMETERS
    assert {"batch_size", "optimizer", "lr", "momentum", "weight_decay"} <= TRAINING_PARAMETERS
    assert "dropout" not in TRAINING_PARAMETERS  # it is the model's


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_parameter_with_an_lr_scale_trains_that_much_slower(name: str) -> None:
    network = model()
    slow = next(iter(network.parameters()))
    slow.lr_scale = 0.1  # type: ignore[attr-defined]
    optimizer = optimizer_of(network, Hyperparameters(optimizer=name))
    scale = {id(p): group["lr_scale"] for group in optimizer.param_groups for p in group["params"]}
    assert scale == {id(p): 0.1 if p is slow else 1.0 for p in network.parameters()}
