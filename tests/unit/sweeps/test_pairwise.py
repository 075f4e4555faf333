"""Models of a dataset that are compared on the same test samples."""

from __future__ import annotations

from pathlib import Path

import torch
from support.common import make_config
from support.finished_sweeps import make

from tuner.core.finished_sweep import FinishedSweep
from tuner.data.spec import Split
from tuner.sweeps.pairwise import against_best, pairwise_notes
from tuner.training.evaluation import Predictions

TARGETS = torch.arange(400) % 4


def kept(home: Path, model: str, right: int, targets: torch.Tensor = TARGETS, uid: str = "") -> FinishedSweep:
    """A sweep with its folder, whose model is right for the first samples."""
    sweep = make("digits", model, right / len(targets))
    answers = torch.where(torch.arange(len(targets)) < right, targets, (targets + 1) % 4)
    folder = home / sweep.name
    folder.mkdir(parents=True)
    make_config(name=sweep.name, uid=uid or sweep.uid, model=model, dataset="digits").save(folder)
    inputs = torch.zeros(len(targets), 1, 2, 2, dtype=torch.uint8)
    Predictions.of(Split(inputs, targets), torch.nn.functional.one_hot(answers, 4).float()).save(folder)
    return sweep


def test_each_model_is_compared_with_the_best_on_the_same_samples(tmp_path: Path) -> None:
    sweeps = [kept(tmp_path, "cnn", 390), kept(tmp_path, "lenet", 370), kept(tmp_path, "resnet", 389)]
    (tmp_path / "digits-resnet-1").rename(tmp_path / "another-name")
    found = against_best(sweeps, tmp_path)
    _, lenet, resnet = (sweep.uid for sweep in sweeps)
    assert found.keys() == {lenet, resnet}
    assert found[lenet].worse
    [note] = pairwise_notes(sweeps, found)
    assert note.startswith("On the same test samples of digits, compared with cnn: lenet is worse by 5.0 points (")
    assert "; resnet is equal within noise (" in note


def test_it_is_said_of_which_models_there_are_no_predictions(tmp_path: Path) -> None:
    sweeps = [
        kept(tmp_path, "cnn", 390),
        make("digits", "lenet", 0.9),  # swept elsewhere
        kept(tmp_path, "resnet", 350, TARGETS.flip(0)),  # other samples
        kept(tmp_path, "vgg16", 350, uid="another sweep of this name"),
    ]
    found = against_best(sweeps, tmp_path)
    assert not found
    [note] = pairwise_notes(sweeps, found)
    assert note.endswith(": digits-cnn-1, digits-lenet-1, digits-resnet-1, digits-vgg16-1")
    assert "could not be compared sample by sample" in note


def test_a_single_model_of_a_dataset_needs_no_comparison(tmp_path: Path) -> None:
    sweeps = [make("digits", "cnn", 0.9), make("mnist", "cnn", 0.9)]
    assert not list(pairwise_notes(sweeps, against_best(sweeps, tmp_path)))
