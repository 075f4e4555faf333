"""What training imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import torch
from tuner.core import catalog
from tuner.training.classifier import build_classifier
from tuner.training.loop import Training, fit
from tuner.training.hyperparameters import OPTIMIZERS, Hyperparameters
from tuner.sweeps.space_request import check_space
from tuner.search.space_file import parse_space

torch.set_num_threads(1)
splits = catalog.load("datasets", "digits").load(None).limit(60)
for optimizer in OPTIMIZERS:
    model = build_classifier(splits.spec, "cnn", {"width": 0.125})
    training = Training(model, Hyperparameters(optimizer=optimizer), epochs=2, seed=0, device=torch.device("cpu"))
    again = Training(model, Hyperparameters(optimizer=optimizer), epochs=2, seed=0, device=torch.device("cpu"))
    next(fit(training, splits.train, splits.validation, splits.spec.augment))
    again.load_state_dict(training.state_dict())
    next(fit(again, splits.train, splits.validation, splits.spec.augment))
print("torch._dynamo" in sys.modules)

for model in ("cnn", "resnet"):  # `plan` tries the values of a space
    space = parse_space({"epochs": 1, "params": {"dropout": {"low": 0.0, "high": 0.5}}}, "test")
    check_space(space, model, splits.spec, "test")
print("torch._dynamo" in sys.modules)
"""


@pytest.fixture(scope="module")
def imported() -> list[str]:
    """Whether torch's compiler was imported after training, and after trying a space's models."""
    return subprocess.check_output([sys.executable, "-c", SCRIPT], text=True).split()


def test_training_with_each_optimizer_leaves_torchs_compiler_out(imported: list[str]) -> None:
    """It is 900 modules, and 3 to 4 s of each worker's start."""
    assert imported[0] == "False"


def test_trying_the_models_of_a_space_leaves_torchs_compiler_out(imported: list[str]) -> None:
    """And the same of every sweep's start: random numbers on the meta device would ask for it."""
    assert imported[1] == "False"
