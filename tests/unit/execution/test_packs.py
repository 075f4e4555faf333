"""Packs of trials in one process: real trainings, behind a real controller and study."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config
from support.made_up_search import Recorder, controller_of, study_of

from tuner.core import catalog
from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord
from tuner.data.spec import Splits
from tuner.execution.in_process import InProcessExecutor
from tuner.execution.packs import PackExecutor
from tuner.execution.signals import Stop
from tuner.search.schedulers import make_scheduler
from tuner.search.study import Study
from tuner.sweeps.inputs import SweepInputs
from tuner.training import device
from tuner.training.together import Together
from tuner.training.trial import TrialJob

TRIALS = 6
SPACE: dict[str, Any] = {
    "epochs": 4,
    "params": {
        "lr": {"low": 1e-3, "high": 1e-2, "log": True},
        "optimizer": {"choices": ["adam", "adamw"]},
        "dropout": {"low": 0.0, "high": 0.4},
        "batch_size": {"choices": [64]},
        "hidden_size": {"choices": [16]},
        "blocks": {"choices": ["plain"]},
    },
}
EPOCHS, SIZE = 4, 4


@pytest.fixture(autouse=True)
def _float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """bfloat16, where the CPU has it, would round what is together and alone apart."""
    monkeypatch.setattr(device, "_has_bf16", lambda _: False)


@pytest.fixture(scope="module")
def splits() -> Splits:
    found: Splits = catalog.load("datasets", "breast_cancer").load(Path())
    return found


def config(**changes: Any) -> SweepConfig:
    """Random points, so that they do not depend on which trial ends first."""
    given: dict[str, Any] = {
        "trials": TRIALS,
        "epochs": 4,
        "space": SPACE,
        "sampler": "random",
        "scheduler": "none",
        "concurrency": 4,
    }
    return replace(make_config(), dataset="breast_cancer", model="mlp", **(given | changes))


class Sweep:
    """A sweep that can be run again, as it was left."""

    def __init__(self, folder: Path, splits: Splits, **changes: Any) -> None:
        self.config, self.folder, self.splits = config(**changes), folder, splits
        folder.mkdir(exist_ok=True)
        self.told = Recorder()
        self.study: Study = study_of(self.config, folder)
        self.stop = Stop()

    def run(self, size: int = SIZE, tick: Any = lambda: None) -> list[TrialRecord]:
        """With packs of this size; one trial after the other for 1."""
        controller = controller_of(self.config, self.study, self.folder, self.told)
        job = TrialJob(
            sweep="x",
            data=self.splits.spec,
            model="mlp",
            epochs=self.config.epochs,
            rungs=make_scheduler(self.config).rungs(),
            seed=self.config.seed,
            threads=1,
            gpus=0,
            folder=self.folder / "trials",
        )
        arrays = SweepInputs(self.splits, {}).to_arrays()
        executor = PackExecutor(size, self.stop) if size > 1 else InProcessExecutor()
        with executor:
            executor.run(controller, job, arrays, tick=tick)
        if controller.over:
            controller.finish()
        return self.study.records()


def check_same(found: list[TrialRecord], expected: list[TrialRecord]) -> None:
    """Trials have come to the same end, with the same metrics of every epoch, but for times and the last digits."""
    assert [(each.number, each.state) for each in found] == [(each.number, each.state) for each in expected]
    for one, other in zip(found, expected, strict=True):
        assert len(one.metrics) == one.epoch == other.epoch
        for epoch, metrics in one.metrics.items():
            for name in set(metrics) - {"time", "epoch_seconds"}:
                assert metrics[name] == pytest.approx(other.metrics[epoch][name], rel=1e-4), (one.number, epoch, name)


def test_a_sweep_in_packs_comes_to_the_same_as_one_trial_after_the_other(tmp_path: Path, splits: Splits) -> None:
    packed = Sweep(tmp_path / "packed", splits).run()
    check_same(packed, Sweep(tmp_path / "alone", splits).run(1))
    assert {each.state for each in packed} == {"COMPLETE"}


def test_trials_leave_at_rungs_and_others_join(tmp_path: Path, splits: Splits) -> None:
    sweep = Sweep(tmp_path / "x", splits, scheduler="asha", trials=9)
    records = sweep.run()
    assert {each.state for each in records} == {"COMPLETE", "PRUNED"}
    last = next(place for place, (_, epoch) in enumerate(sweep.told.epochs) if epoch == EPOCHS)
    assert {number for number, _ in sweep.told.epochs[:last]} > set(range(4))


def test_a_trial_that_fails_leaves_the_others_alone(tmp_path: Path, splits: Splits) -> None:
    """Some cannot be built, and the weights of others are lost in their first step."""
    params = {**SPACE["params"], "hidden_size": {"choices": [16, 0]}, "lr": {"choices": [0.01, 1e30]}}
    records = Sweep(tmp_path / "x", splits, space={**SPACE, "params": params}, trials=12).run()
    ends = {(each.parameters["hidden_size"], each.parameters["lr"], each.state) for each in records}
    assert ends == {(16, 0.01, "COMPLETE"), (16, 1e30, "FAIL"), (0, 0.01, "FAIL"), (0, 1e30, "FAIL")}


def test_what_cannot_be_stacked_is_trained_alone_with_the_same_numbers(
    tmp_path: Path, splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("vmap: no batching rule")

    expected = Sweep(tmp_path / "a", splits).run()
    monkeypatch.setattr(Together, "train", refuse)
    check_same(Sweep(tmp_path / "b", splits).run(), expected)


def test_a_stop_saves_every_trial_which_goes_on_from_there(tmp_path: Path, splits: Splits) -> None:
    expected = Sweep(tmp_path / "whole", splits).run()
    sweep = Sweep(tmp_path / "x", splits)

    def interrupt() -> None:
        if len(sweep.told.epochs) == SIZE * 2:
            sweep.stop.ask(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        sweep.run(tick=interrupt)
    before = list(sweep.told.epochs)
    assert {each.state for each in sweep.study.records()} == {"RUNNING"}
    again = Sweep(tmp_path / "x", splits)
    check_same(again.run(), expected)
    trained = before + again.told.epochs
    assert len(trained) == len(set(trained))  # none twice
    assert len(trained) == TRIALS * EPOCHS
