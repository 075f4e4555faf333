"""--fidelity seconds: what an epoch of each model is, and where that is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config
from support.made_up_search import begin, drive

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.sweep_request import SweepRequest
from tuner.data.spec import DataSpec
from tuner.execution.resources import TrialResources
from tuner.sweeps import equal_time
from tuner.sweeps.announcement import announcement
from tuner.sweeps.equal_time import check_fidelity, relative_passes
from tuner.sweeps.plan import plan
from tuner.sweeps.single_trial import repeat_trial, single_trial
from tuner.training.step_cost import StepCost

SECONDS = {"cnn": 3.0, "lenet": 0.5, "resnet": 12.0, "mobilenet_v2": 60.0}
REQUEST = SweepRequest(dataset="digits", model="cnn,lenet", fidelity="seconds", concurrency=1, cpus_per_trial=1)


def cost(model: str) -> StepCost:
    return StepCost(weights=1, epoch_seconds=SECONDS[model], once=model == "mobilenet_v2")


def test_an_epoch_is_the_time_of_one_pass_of_the_first_model() -> None:
    assert relative_passes(("cnn", "lenet", "resnet"), cost) == {"cnn": 1.0, "lenet": 6.0, "resnet": 0.25}
    assert relative_passes(("lenet", "cnn"), cost) == {"lenet": 1.0, "cnn": 0.167}


def test_a_model_that_computes_features_once_has_one_pass() -> None:
    found = relative_passes(("mobilenet_v2", "cnn", "lenet"), cost)
    assert found == {"mobilenet_v2": 1.0, "cnn": 1.0, "lenet": 6.0}


def test_one_slow_measurement_does_not_count() -> None:
    times = iter([3.0, 0.5, 3.0, 50.0, 3.0, 0.5, 3.0, 0.5, 3.0, 0.5])

    def measure(_: str) -> StepCost:
        return StepCost(weights=1, epoch_seconds=next(times), once=False)

    assert relative_passes(("cnn", "lenet"), measure) == {"cnn": 1.0, "lenet": 6.0}


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> SweepConfig:
    def measured(_spec: DataSpec, model: str, *_: object) -> StepCost:
        return cost(model)

    monkeypatch.setattr(equal_time, "measure_step", measured)
    return plan(REQUEST, "d-1")[0]


def test_the_passes_are_kept_told_and_reach_the_trials(planned: SweepConfig, tmp_path: Path) -> None:
    assert planned.passes == {"cnn": 1.0, "lenet": 6.0}
    assert "an epoch is 1 pass over the training samples for cnn, 6 for lenet" in announcement(planned)
    (tmp_path / "d-1").mkdir()
    planned.save(tmp_path / "d-1")
    assert SweepConfig.load(tmp_path / "d-1").passes == planned.passes
    assert plan(replace(REQUEST, fidelity="epochs"), "d-1")[0].passes is None


def test_the_models_are_measured_for_real() -> None:
    config, _ = plan(replace(REQUEST, model="lenet,cnn"), "d-1")
    assert config.passes
    assert config.passes["lenet"] == 1
    assert 0 < config.passes["cnn"] < 1, "a cnn takes longer"


def finished(home: Path, **changes: Any) -> SweepConfig:
    """A sweep in the home folder whose best trial, 1, is of lenet."""
    space = {"epochs": 4, "models": ["cnn", "lenet"], "params": {"lenet.dropout": 0.1, "cnn.width": 0.25}}
    start = [{"model": "cnn"}, {"model": "lenet"}]
    config = make_config(
        name="d-1", model="cnn,lenet", space={**space, "start": start}, trials=2, epochs=4, concurrency=1, **changes
    )
    (home / "d-1").mkdir(parents=True)
    config.save(home / "d-1")
    drive(begin(config, home / "d-1")[0], Counter())
    return config


def test_train_from_best_has_as_many_passes_as_the_best_trial_had(home: Path) -> None:
    finished(home, passes={"cnn": 1.0, "lenet": 6.0})
    request = single_trial(SweepRequest(dataset="digits", model="lenet"), home, "d-1")
    assert request.fixed
    assert request.fixed["epochs"] == 24


def test_train_from_trial_repeats_its_passes(home: Path) -> None:
    finished(home, passes={"cnn": 1.0, "lenet": 6.0})
    request = repeat_trial(SweepRequest(dataset="digits", model="lenet"), home, "d-1/1")
    assert request.passes == {"cnn": 1.0, "lenet": 6.0}
    assert request.fixed
    assert request.fixed["epochs"] == 4


def test_one_model_is_compared_with_none() -> None:
    with pytest.raises(TunerError, match="--fidelity seconds compares several models"):
        check_fidelity(replace(REQUEST, model="cnn"))
    with pytest.raises(TunerError, match="--fidelity"):
        replace(REQUEST, fidelity="minutes").check()


def test_without_a_gpu_here_no_gpu_can_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equal_time, "gpu_count", lambda: 0)
    resources = TrialResources(concurrency=1, cpus_per_trial=1, gpus_per_trial=1.0)
    with pytest.raises(TunerError, match="It has no GPU, and trials have"):
        equal_time.passes_of(REQUEST, {}, None, None, resources)  # type: ignore[arg-type]
