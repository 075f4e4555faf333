"""What is recorded of how a trial was trained, and what a repetition of it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.common import make_config

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.exploit import Exploit
from tuner.core.machine import gpu_count
from tuner.core.records import trial_seed
from tuner.core.sweep_request import SweepRequest
from tuner.search.space_file import space_of
from tuner.search.study import Study
from tuner.sweeps.single_trial import changed_conditions, repeat_trial, single_trial
from tuner.training.reproducibility import current_conditions, seed_torch

CPU = torch.device("cpu")
HERE = current_conditions(CPU, threads=1, workers=1).to_json()
EPOCH = {"val_accuracy": 0.5, "val_loss": 1.0}


def begun(home: Path, *conditions: dict[str, Any], **config: Any) -> None:
    """A sweep of one trial, whose epochs were trained under these conditions, one each."""
    made = make_config(**config)
    made.save(home / "demo")
    study = Study(home / "demo/study.log", space_of(made), seed=0, trials=1)
    number, _ = study.ask()
    for epoch, each in enumerate(conditions, 1):
        reported = max(1, epoch - 1) if each not in conditions[: epoch - 1] else epoch  # that of the checkpoint
        study.note_conditions(number, each, trial_seed(made.seed, made.repeats + number), reported)
        study.report(number, {"epoch": epoch, **EPOCH})


def again(home: Path, **asked: Any) -> SweepRequest:
    return repeat_trial(SweepRequest(dataset="digits", model="cnn", **asked), home, "demo/0")


def told(home: Path, **asked: Any) -> str:
    return changed_conditions(again(home, **asked), home, "demo/0")


def test_what_is_recorded_is_read_again_with_its_epochs(home: Path) -> None:
    other = {**HERE, "threads": 3}
    begun(home, HERE, HERE, other)
    [record] = Study(home / "demo/study.log", space_of(make_config()), seed=0, trials=1).records()
    assert record.conditions == ((1, HERE), (3, other))
    assert record.seed == trial_seed(0, 0)


def test_a_trial_whose_values_changed_while_it_trained_is_not_repeated(home: Path) -> None:
    begun(home, HERE)
    study = Study(home / "demo/study.log", space_of(make_config()), seed=0, trials=1)
    study.note_exploits(0, [Exploit(epoch=1, donor=3, before={"lr": 0.1}, after={"lr": 0.2})])
    with pytest.raises(TunerError, match=r"--from-trial demo/0: .* \(pbt\): no training repeats it"):
        again(home)


@pytest.mark.parametrize(("bound", "kept"), [("val_accuracy>=0.4", True), ("val_accuracy>=0.9", False)])
def test_the_epoch_to_keep_is_chosen_again_by_what_chose_it(home: Path, bound: str, kept: bool) -> None:
    begun(home, HERE, objective="val_loss:min", constraint=f"parameters<=1000000,{bound}")
    request = again(home)
    assert (request.objective, request.constraint) == ("val_loss:min", bound if kept else "")
    if kept:
        other = single_trial(SweepRequest(dataset="digits", model="cnn", seed=3), home, "demo")
        assert (other.objective, other.constraint) == ("val_loss:min", None), "whatever it comes to, there is a model"


@pytest.mark.parametrize("seed", [0, 7, 2**63 - 1])
def test_random_numbers_begin_as_with_torch_itself(seed: int) -> None:
    torch.manual_seed(seed)
    expected = torch.rand(3)
    torch.rand(1)
    seed_torch(seed, CPU)
    assert torch.equal(torch.rand(3), expected)


def test_nothing_is_said_where_nothing_has_changed(home: Path) -> None:
    begun(home, HERE)
    assert told(home, gpus_per_trial=0.0) == ""


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ({"torch": "2.14.1"}, ["torch ", "(it was 2.14.1)"]),
        ({"code": "0"}, ["another version of tuner's code"]),
        ({"device": "an abacus", "precision": "float8"}, ["(it was an abacus)", "(it was float8)"]),
        ({"workers": 2}, ["workers 1 (it was 2)"]),
    ],
)
def test_what_has_changed_is_named_in_one_line(home: Path, before: dict[str, Any], words: list[str]) -> None:
    begun(home, {**HERE, **before})
    line = told(home, gpus_per_trial=0.0)
    assert line.startswith("--from-trial demo/0: the scores may not be the same to the last digit: ")
    assert all(word in line for word in words), line
    assert line.count("(it was") == sum(name != "code" for name in before), "and nothing else"
    assert "\n" not in line


def test_a_trial_of_changing_conditions_and_one_of_none_are_told_apart(home: Path) -> None:
    begun(home, {**HERE, "python": "3.10.0"}, HERE)
    assert told(home).endswith("its conditions changed at epoch 2")
    begun(home / "older")
    assert "an earlier version of tuner has not recorded" in told(home / "older")


def test_a_repetition_has_the_threads_the_device_and_the_seed_of_the_trial(home: Path) -> None:
    begun(home, {**HERE, "threads": 3}, cpus_per_trial=2, gpus_per_trial=0.0, repeats=5, seed=7)
    request = again(home)
    assert request.cpus_per_trial == 3  # it was gone on with on a machine with other cores than it began on
    assert request.gpus_per_trial == 0.0  # also where there is a GPU
    assert (request.seed, request.repeats) == (7, 5)  # of a repetition: that of the trial that it repeats
    assert again(home, cpus_per_trial=1, gpus_per_trial=1.0).cpus_per_trial == 1
    begun(home / "gpu", gpus_per_trial=0.5)
    assert again(home / "gpu").gpus_per_trial == (0.5 if gpu_count() else 0.0)


@pytest.mark.parametrize(
    ("option", "asked"),
    [("--set", {"overrides": ("lr=1",)}), ("--limit", {"limit": 5}), ("--weights", {"weights": Path("w.pth")})],
)
def test_what_a_repetition_would_not_heed_is_refused(home: Path, option: str, asked: dict[str, Any]) -> None:
    begun(home, HERE)
    with pytest.raises(TunerError, match=f"^--from-trial demo/0 repeats a trial as it was: leave {option} out"):
        again(home, **asked)


def test_a_config_of_an_earlier_version_has_no_fingerprint_of_weights(home: Path) -> None:
    begun(home, HERE)
    assert SweepConfig.load(home / "demo").pretrained is None
    assert again(home).pretrained is None
