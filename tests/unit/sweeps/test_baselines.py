"""Simple models beside a winner: compared on the same samples, trained once, and never a reason to fail."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from support.made_up_search import Recorder

from tuner.core import catalog
from tuner.core.callback import Callbacks
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import Splits
from tuner.sweeps import baselines
from tuner.sweeps.baselines import compare_baselines
from tuner.training.baselines import simple_predictions
from tuner.training.evaluation import Predictions


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
