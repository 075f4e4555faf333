"""What a worker does with a trial, without Ray around it."""

from __future__ import annotations

import shutil
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.digits import some_digits

from tuner.core.records import trial_seed
from tuner.core.trial_report import TrialReport
from tuner.data.augmentation import augment
from tuner.data.reshuffle import take_rows
from tuner.data.spec import Split, Splits
from tuner.search.schedulers.asha import rungs
from tuner.sweeps.inputs import SweepInputs
from tuner.training.checkpoint import read_checkpoint
from tuner.training.loop import Training
from tuner.training.reproducibility import current_conditions
from tuner.training.trial import TrialJob, run_trial
from tuner.training.trial_data import TrialData, to_trial_data

PARAMETERS: dict[str, Any] = {"batch_size": 64, "optimizer": "adam", "lr": 0.003, "dropout": 0.1, "width": 0.25}
EPOCHS = 3


@pytest.fixture(scope="module")
def splits() -> Splits:
    return some_digits(300)


def job(folder: Path, splits: Splits) -> TrialJob:
    return TrialJob(
        sweep="x",
        data=splits.spec,
        model="cnn",
        epochs=EPOCHS,
        rungs=rungs(EPOCHS),
        seed=0,
        threads=1,
        gpus=0,
        folder=folder,
    )


def run(
    folder: Path, splits: Splits, *, stop_at: int | None = None, halves: bool = False, **changes: Any
) -> list[TrialReport]:
    """Runs trial 0 and returns its reports; Ray stops a trial by raising SystemExit inside report."""
    reports: list[TrialReport] = []

    def report(told: TrialReport) -> None:
        reports.append(told)
        if stop_at is not None and told.epoch == stop_at:
            raise SystemExit(0)

    data = TrialData(splits.train, splits.validation, {})
    run_trial(replace(job(folder, splits), halves=halves), 0, {**PARAMETERS, **changes}, data, report)
    return reports


def last_within_error(scores: list[float], samples: int) -> int:
    """The last epoch whose score is within one standard error, or one sample, of the best, counted from 1."""
    peak = max(scores)
    error = max((peak * (1 - peak) / samples) ** 0.5, 1 / samples)
    return max(epoch for epoch, score in enumerate(scores, 1) if score >= peak - error - 1e-9)


def scores(reports: list[TrialReport]) -> list[tuple[int, float, float]]:
    return [(report.epoch, report.metrics["train_loss"], report.metrics["val_loss"]) for report in reports]


def test_a_trial_reports_every_epoch_and_which_one_it_keeps(tmp_path: Path, splits: Splits) -> None:
    reports = run(tmp_path, splits)
    assert [report.epoch for report in reports] == [1, 2, 3]
    state = read_checkpoint(tmp_path / "0000/checkpoint.pt")
    assert state["best_metrics"]["epoch"] == reports[-1].kept_epoch
    scores, samples = [report.metrics["val_accuracy"] for report in reports], len(splits.validation.targets)
    for report in reports:
        assert report.kept_epoch == last_within_error(scores[: report.epoch], samples)


@pytest.mark.parametrize(
    ("stop_at", "changes"), [(1, {}), (2, {}), (2, {"ema": 0.9, "mixup": 0.2, "randaugment": 0.2})]
)
def test_a_stopped_trial_goes_on_with_the_same_numbers_and_first_repeats_its_last_report(
    tmp_path: Path, splits: Splits, stop_at: int, changes: dict[str, Any]
) -> None:
    through = scores(run(tmp_path / "a", splits, **changes))
    with pytest.raises(SystemExit):
        run(tmp_path / "b", splits, stop_at=stop_at, **changes)
    assert scores(run(tmp_path / "b", splits, **changes)) == through[stop_at - 1 :]
    kept = [read_checkpoint(tmp_path / name / "0000/checkpoint.pt")["best_weights"] for name in "ab"]
    assert all(torch.equal(kept[0][name], kept[1][name]) for name in kept[0])


def test_a_trial_without_its_pretrained_weights_fails(tmp_path: Path, splits: Splits) -> None:
    small = splits.train.inputs[:8].repeat(1, 3, 4, 4)
    data = TrialData(Split(small, splits.train.targets[:8]), Split(small, splits.train.targets[:8]), {})
    spec = replace(splits.spec, shape=(3, 32, 32), mean=(0.0,) * 3, std=(1.0,) * 3)
    reports: list[TrialReport] = []
    wants = {"batch_size": 4, "pretrained": True}
    run_trial(replace(job(tmp_path, splits), data=spec, model="mobilenet_v2"), 0, wants, data, reports.append)
    assert [report.error for report in reports] == ["TunerError: the pretrained weights of mobilenet_v2 are missing"]


def test_an_error_is_reported_in_one_line_and_not_raised(tmp_path: Path, splits: Splits) -> None:
    """An exception would cost the warm worker."""
    [report] = run(tmp_path, splits, width=-1.0)
    assert report == TrialReport(error=report.error, details=report.details)
    assert "width" in report.error
    assert "\n" not in report.error
    assert report.details.startswith("Traceback")


def test_out_of_memory_names_the_batch_size(tmp_path: Path, splits: Splits, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr("tuner.training.loop.train_epoch", exhausted)
    [report] = run(tmp_path, splits)
    assert (report.error, report.out_of_memory) == ("out of memory at batch size 64", True)


def test_a_trial_that_does_not_fit_into_memory_goes_on_with_half_a_batch_at_a_time(
    tmp_path: Path, splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, and only where it is asked for; what it had trained before stays."""
    largest = 64

    def limited(inputs: torch.Tensor, *arguments: Any) -> torch.Tensor:
        if len(inputs) > largest:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return augment(inputs, *arguments)

    monkeypatch.setattr("tuner.training.loop.augment", limited)
    with pytest.raises(SystemExit):
        run(tmp_path, splits, stop_at=1)
    largest = 32
    assert run(tmp_path, splits)[-1].error == "out of memory at batch size 64"
    reports = run(tmp_path, splits, halves=True)
    assert [report.epoch for report in reports] == [1, 1, 2, 3]  # each time from its checkpoint, which comes first
    assert [report.halved for report in reports] == [0, 2, 2, 2]
    largest = 16
    shutil.rmtree(tmp_path / "0000")
    assert [report.error for report in run(tmp_path, splits, halves=True)] == ["out of memory at batch size 64"]


def test_a_trial_that_was_halved_is_repeated_with_halves_from_the_same_epoch_on(
    tmp_path: Path, splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scores(run(tmp_path / "a", splits))
    with pytest.raises(SystemExit):
        run(tmp_path / "b", splits, stop_at=1)

    def limited(inputs: torch.Tensor, *arguments: Any) -> torch.Tensor:
        if len(inputs) > 32:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return augment(inputs, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr("tuner.training.loop.augment", limited)
        halved = scores(run(tmp_path / "b", splits, halves=True))
    assert halved[-3] == whole[0]
    assert halved[-2:] != whole[1:], "batch normalisation sees the halves"
    data, repeated = TrialData(splits.train, splits.validation, {}), list[TrialReport]()
    run_trial(replace(job(tmp_path / "c", splits), halved=2), 0, PARAMETERS, data, repeated.append)
    assert scores(repeated) == halved[-3:]


def test_epochs_that_a_second_try_repeats_are_trained_as_they_were(
    tmp_path: Path, splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the study would have other numbers than the checkpoint."""
    whole, calls = scores(run(tmp_path / "a", splits)), 0

    def limited(inputs: torch.Tensor, *arguments: Any) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if len(inputs) > 32 and calls > 2 * steps:
            calls = -1000
            raise torch.OutOfMemoryError("CUDA out of memory")
        return augment(inputs, *arguments)

    steps = len(splits.train.targets) // 64
    monkeypatch.setattr("tuner.training.loop.augment", limited)
    monkeypatch.setattr("tuner.training.trial.CheckpointManager.save", lambda *_, **__: None)
    reports = run(tmp_path / "b", splits, halves=True)
    assert [report.halved for report in reports] == [0, 0, 3, 3, 3]
    assert scores(reports)[2:4] == whole[:2]
    assert scores(reports)[4] != whole[2]


def test_a_trial_reports_its_seed_and_its_conditions(tmp_path: Path, splits: Splits) -> None:
    for report in run(tmp_path, splits):
        assert report.seed == trial_seed(0, 0)
        assert report.conditions == current_conditions(torch.device("cpu"), threads=1, workers=1).to_json()


def test_nothing_holds_on_to_the_model_when_an_error_is_reported(
    tmp_path: Path, splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a shared GPU the others need its memory, and a report may take a while."""
    models: list[weakref.ref[torch.nn.Module]] = []

    def broken(training: Training, *_: object) -> None:
        models.append(weakref.ref(training.model))
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("tuner.training.loop.train_epoch", broken)
    alive: list[bool] = []
    data = TrialData(splits.train, splits.validation, {})
    run_trial(job(tmp_path, splits), 0, PARAMETERS, data, lambda _: alive.append(models[0]() is not None))
    assert alive == [False]


def test_a_broken_gpu_costs_the_worker_and_not_the_trial(
    tmp_path: Path, splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After such an error every further call in the process fails; a new worker goes on from the checkpoint."""

    def broken(*_: object) -> None:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr("tuner.training.loop.train_epoch", broken)
    with pytest.raises(torch.AcceleratorError):
        run(tmp_path, splits)


def test_an_exploding_loss_is_reported_once_and_not_saved(tmp_path: Path, splits: Splits) -> None:
    reports = run(tmp_path, splits, lr=1e30)
    assert len(reports) == 1
    assert not (tmp_path / "0000/checkpoint.pt").exists()


def test_the_arrays_for_the_object_store_share_memory_with_the_splits_and_leave_the_test_split_out(
    splits: Splits,
) -> None:
    weight = torch.ones(2)
    arrays = SweepInputs(splits, {"features.0.weight": weight}).to_arrays()
    parts = {f"{split}_{part}" for split in ("train", "validation") for part in ("inputs", "targets")}
    assert set(arrays) == parts | {"pretrained/features.0.weight"}
    assert to_trial_data(arrays, torch.device("cpu")).pretrained["features.0.weight"].data_ptr() == weight.data_ptr()
    assert arrays["train_inputs"].ctypes.data == splits.train.inputs.data_ptr()


def test_a_training_on_all_samples_has_those_of_the_validation_split_too(tmp_path: Path, splits: Splits) -> None:
    data = TrialData(splits.train, splits.validation, {})
    rows = replace(job(tmp_path, splits), whole=True).data_of(0, data).rows
    assert rows
    train, validation = take_rows(splits.train, splits.validation, rows)
    assert torch.equal(train.inputs, torch.cat([splits.train.inputs, splits.validation.inputs]))
    assert torch.equal(train.targets, torch.cat([splits.train.targets, splits.validation.targets]))
    assert all(torch.equal(*each) for each in zip(validation, splits.validation, strict=True))
