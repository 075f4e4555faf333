"""What a sweep works on is read once: its data, and the weights that a pretrained model starts from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from support.common import make_config
from support.digits import some_digits

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.trial_report import TrialReport
from tuner.data.spec import DataSpec, Split, Splits
from tuner.sweeps.inputs import SweepInputs, read_inputs, small_classes
from tuner.training.frozen_weights import read_whole
from tuner.training.trial import TrialJob, run_trial
from tuner.training.trial_data import to_trial_data

SPEC = DataSpec(name="small", task="image", shape=(3, 32, 32), classes=("a", "b"), mean=(0.0,) * 3, std=(1.0,) * 3)


def splits(samples: int = 8) -> Splits:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(0, 256, (samples, 3, 32, 32), generator=generator, dtype=torch.uint8)
    split = Split(inputs, torch.arange(samples) % 2)
    return Splits(SPEC, split, split, split)


def config(**changes: Any) -> SweepConfig:
    space = {"epochs": 1, "params": {"dropout": 0.0, **changes.pop("params", {})}}
    return replace(make_config(model="mobilenet_v2", epochs=1, space=space), **changes)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as torchvision's, with other numbers than any initialisation has."""
    from torchvision.models import mobilenet_v2

    state = mobilenet_v2().state_dict()
    state = {name: tensor + 0.001 if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    path = tmp_path_factory.mktemp("weights") / "mobile.safetensors"
    save_file(state, path)
    return path


def test_a_model_that_starts_from_nothing_has_no_weights() -> None:
    assert read_inputs(make_config(), splits()).pretrained == {}
    assert read_inputs(config(params={"pretrained": False}), splits()).pretrained == {}


ALTERNATIVES = [
    {"when": {"dropout": 0.0}, "choices": [False]},
    {"when": {"dropout": 0.1}, "choices": [True]},
]


@pytest.mark.parametrize("choices", [{"choices": [True, False]}, True, None, ALTERNATIVES])
def test_weights_are_read_when_a_trial_may_want_them(weights: Path, choices: Any) -> None:
    params = {} if choices is None else {"pretrained": choices}
    found = read_inputs(config(params=params, weights=str(weights)), splits()).pretrained
    assert found
    assert all(name.startswith("features.") for name in found)


def test_weights_that_would_not_be_used_are_refused(weights: Path) -> None:
    with pytest.raises(
        TunerError,
        match=r"^--weights: cnn has no pretrained weights; these models have: efficientnet_lite0, mobilenet_v2, vgg16$",
    ):
        read_inputs(make_config(weights=str(weights)), splits())
    with pytest.raises(TunerError, match=r"^--weights: pretrained is false"):
        read_inputs(config(params={"pretrained": False}, weights=str(weights)), splits())
    with pytest.raises(TunerError, match=r"nowhere\.pth: there is no such file$"):
        read_inputs(config(weights="nowhere.pth"), splits())


@pytest.mark.parametrize("pretrained", [True, False])
def test_a_trial_starts_from_the_weights_and_leaves_frozen_ones_alone(
    weights: Path, tmp_path: Path, pretrained: bool
) -> None:
    found = read_inputs(config(weights=str(weights)), splits()).pretrained
    job = TrialJob(
        sweep="x", data=SPEC, model="mobilenet_v2", epochs=1, rungs=(), seed=0, threads=1, gpus=0, folder=tmp_path
    )  # fmt: skip
    data = to_trial_data(SweepInputs(splits(), found).to_arrays(), torch.device("cpu"))
    before = {name: tensor.clone() for name, tensor in found.items()}
    reports: list[TrialReport] = []
    run_trial(job, 0, {"batch_size": 4, "pretrained": pretrained}, data, reports.append)
    assert [(report.epoch, report.error) for report in reports] == [(1, "")], reports
    whole, _ = read_whole(tmp_path / "0000")
    assert whole
    state = whole["model"]
    same = [torch.equal(state[f"network.{name}"], tensor) for name, tensor in before.items() if tensor.ndim]
    assert all(same) == pretrained
    assert all(torch.equal(found[name], tensor) for name, tensor in before.items())  # those of the next trial


def test_classes_with_few_validation_samples_are_told_in_one_line() -> None:
    digits = some_digits()
    assert small_classes(digits) == ()
    [all_small] = small_classes(digits.limit(150))
    assert "10 of 10 classes have fewer than 20 validation samples" in all_small
    targets = digits.validation.targets
    rare = (targets != 3) | (torch.arange(len(targets)) % 9 == 0)
    few = replace(digits, validation=Split(digits.validation.inputs[rare], targets[rare]))
    [line] = small_classes(few)
    assert "class '3' has fewer than 20 validation samples" in line
