"""Simple models beside a winner: compared on the same samples, trained once, and never a reason to fail."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.common import make_config, make_record, read_runs
from support.made_up_scores import made_up_winner
from support.made_up_search import Recorder
from support.small_weights import texture_splits, write_weights

from tuner.core import catalog
from tuner.core.callback import Callbacks
from tuner.core.errors import SweepStopped
from tuner.core.outcome import Outcome
from tuner.core.sweep_folder import SweepFolder
from tuner.core.sweep_request import SweepRequest
from tuner.data.spec import Splits
from tuner.sweeps import api, baselines
from tuner.sweeps.baselines import compare_baselines, with_baselines
from tuner.sweeps.inputs import SweepInputs, read_inputs
from tuner.training.baselines import simple_predictions
from tuner.training.evaluation import Predictions
from tuner.training.frozen_baseline import FrozenNetwork


@pytest.fixture(scope="module")
def cancer() -> Splits:
    splits: Splits = catalog.load("datasets", "breast_cancer").load(None)
    return splits


def make_tested(home: Path, name: str, splits: Splits, right: int) -> SweepFolder:
    """A sweep whose winner is right for the first `right` test samples and wrong for all others."""
    folder = SweepFolder(home / name)
    folder.path.mkdir(parents=True)
    targets = splits.test.targets
    said = torch.where(torch.arange(len(targets)) < right, targets, 1 - targets)
    Predictions.of(splits.test, torch.eye(2)[said]).save(folder.path)
    return folder


def test_a_network_that_is_always_right_is_better_and_one_that_is_mostly_wrong_is_told_so(
    tmp_path: Path, cancer: Splits
) -> None:
    samples = len(cancer.test.targets)
    good, bad = (make_tested(tmp_path, f"x-{right}", cancer, right) for right in (samples, samples // 4))
    for each in compare_baselines(cancer, good, Callbacks()):
        assert 0.9 < each.score < 1
        assert each.interval.low < each.score < each.interval.high
        assert each.difference.size == pytest.approx(1 - each.score)
    for each in compare_baselines(cancer, bad, Callbacks()):
        assert each.difference.worse
        assert "the network is worse by" in each.text


def test_they_are_trained_once_for_the_same_samples_and_again_when_their_file_is_damaged(
    tmp_path: Path, cancer: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []

    def counting(splits: Splits) -> object:
        trained.append(splits.spec.name)
        return simple_predictions(splits)

    monkeypatch.setattr(baselines, "simple_predictions", counting)
    folder = make_tested(tmp_path, "x-1", cancer, 90)
    first = compare_baselines(cancer, folder, Callbacks())
    assert compare_baselines(cancer, make_tested(tmp_path, "x-2", cancer, 90), Callbacks()) == first
    assert len(trained) == 1
    assert compare_baselines(cancer.limit(100), folder, Callbacks()) != first  # other training samples
    assert len(trained) == 2
    for file in (tmp_path / ".baselines").iterdir():
        file.write_text(file.read_text()[:-40])
    assert compare_baselines(cancer, folder, Callbacks()) == first
    assert len(trained) == 3


def test_a_comparison_that_fails_is_told_and_loses_nothing(
    tmp_path: Path, cancer: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(splits: Splits) -> object:
        raise MemoryError("too many samples")

    monkeypatch.setattr(baselines, "simple_predictions", fail)
    told = Recorder()
    assert compare_baselines(cancer, make_tested(tmp_path, "x-1", cancer, 90), Callbacks([told])) == ()
    assert any("no simple models to compare with" in str(note) for note in told.notes)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> SweepInputs:
    """Textures, and pretrained weights from a file."""
    file = write_weights(tmp_path_factory.mktemp("weights") / "mobile.safetensors")
    config = make_config(model="mobilenet_v2", space={"epochs": 1, "params": {"dropout": 0.1}}, weights=str(file))
    return read_inputs(config, texture_splits(48, 24, 48))


def finished(home: Path, name: str, splits: Splits, right: int, **parameters: Any) -> tuple[Outcome, SweepFolder]:
    """A sweep of mobilenet_v2 whose winner had these parameters, and is right for so many test samples."""
    folder = make_tested(home, name, splits, right)
    record = replace(make_record(0, "COMPLETE", {1: {"val_accuracy": 0.9}}), parameters=parameters)
    config = make_config(name=name, model="mobilenet_v2")
    winner = made_up_winner(record)
    return Outcome(config=config, folder=folder.path, records=(record,), winner=winner, seconds=1.0), folder


def test_a_winner_that_began_with_pretrained_weights_is_compared_with_their_features_too(
    tmp_path: Path, started: SweepInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    predict = FrozenNetwork.prediction

    def counting(network: FrozenNetwork, splits: Splits, samples: str) -> object:
        made.append(network.digest())
        return predict(network, splits, samples)

    monkeypatch.setattr(FrozenNetwork, "prediction", counting)
    scores = []
    for name, parameters in (("x-1", {"lr": 0.1}), ("x-2", {"train": "fine_tuning", "thaw": 2, "hidden": 32})):
        outcome, folder = finished(tmp_path, name, started.splits, 12, **parameters)
        winner = with_baselines(outcome, started, folder, Callbacks()).winner
        assert winner
        assert winner.baselines
        pixels, features = winner.baselines
        assert (pixels.key, features.key) == ("logistic_regression", "frozen_features")
        assert features.difference.samples == 48
        assert features.difference.worse
        assert "frozen features of mobilenet_v2: 0." in features.text
        assert "the network is worse by" in features.text
        scores.append(features.score)
    assert scores[0] == scores[1]
    assert len(made) == 1  # the second one found it in the file
    other = replace(started, pretrained={name: value * 1 for name, value in started.pretrained.items()})
    other.pretrained["features.0.0.weight"] += 0.1
    outcome, folder = finished(tmp_path, "x-3", started.splits, 12)
    with_baselines(outcome, other, folder, Callbacks())
    assert len(set(made)) == 2  # other weights give other features
    outcome, folder = finished(tmp_path, "x-4", started.splits, 12, pretrained=False)
    winner = with_baselines(outcome, started, folder, Callbacks()).winner
    assert winner
    assert winner.baselines == (pixels,)


def test_features_that_cannot_be_had_cost_the_other_comparison_nothing(tmp_path: Path, started: SweepInputs) -> None:
    told = Recorder()
    outcome, folder = finished(tmp_path, "x-1", started.splits, 12)
    winner = with_baselines(outcome, replace(started, pretrained={}), folder, Callbacks([told])).winner
    assert winner
    assert winner.baselines
    assert [each.key for each in winner.baselines] == ["logistic_regression"]
    assert told.notes == [
        "no logistic regression on frozen features to compare with: the pretrained weights of mobilenet_v2 are missing"
    ]


def test_a_sweep_that_is_stopped_before_the_comparison_has_it_when_it_is_resumed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(splits: Splits) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(baselines, "simple_predictions", interrupt)
        request = SweepRequest(dataset="breast_cancer", model="mlp", max_epochs=1, cpus_per_trial=1)
        with pytest.raises(SweepStopped):
            api.train(request)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):  # set by MLflow in this process
        os.environ.pop(name, None)
    winner = api.resume("breast_cancer-mlp-1").winner
    assert winner
    assert winner.baselines
    assert [each.key for each in winner.baselines] == ["logistic_regression", "gradient_boosting"]
    sent = [run.data.metrics for run in read_runs(f"sqlite:///{home / 'mlflow.db'}", "breast_cancer-mlp")]
    key = "baseline_gradient_boosting_accuracy"
    assert [metrics[key] for metrics in sent if key in metrics] == [winner.baselines[1].score]
