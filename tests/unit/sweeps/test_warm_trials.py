"""A sampler that begins with the trials of an earlier sweep."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import FrozenTrial
from support.common import make_config
from support.made_up_search import Recorder, begin, drive, report_of, study_of

from tuner.core.config import SweepConfig
from tuner.core.grow_request import GrowRequest
from tuner.core.sweep_folder import SweepFolder
from tuner.core.sweep_request import SweepRequest
from tuner.core.warm_trials import WarmTrials
from tuner.search.study import Study
from tuner.sweeps.growth import begin_growth, grown
from tuner.sweeps.plan import plan
from tuner.sweeps.warm_trials import MOST, take_trials
from tuner.tracking.run_tags import config_in, tags_of

pytestmark = pytest.mark.usefixtures("read_digits_once")

SPACE: dict[str, Any] = {
    "epochs": 1,
    "params": {"dropout": {"low": 0.0, "high": 0.9}, "batch_size": {"choices": [32, 64]}},
}
Made = Callable[..., SweepConfig]


def score_of(parameters: dict[str, Any]) -> float:
    return 1 - abs(float(parameters["dropout"]) - 0.6)


def run(config: SweepConfig, folder: Path) -> list[dict[str, Any]]:
    """Runs a sweep whose scores follow from its parameters alone. Returns those of its trials."""
    controller, study = begin(config, folder)
    while drawn := controller.next_trial():
        for epoch in range(1, config.epochs + 1):
            controller.on_report(drawn[0], report_of(epoch, score_of(drawn[1]) - 0.2 / epoch))
    return [record.parameters for record in study.records()]


@pytest.fixture
def data() -> str:
    request = SweepRequest(dataset="digits", model="cnn", cpus_per_trial=1, concurrency=1)
    return str(plan(request, "x")[0].data)


@pytest.fixture
def first(home: Path, data: str) -> Made:
    """An earlier sweep that has run."""

    def make(name: str = "first", trials: int = 20, **changes: Any) -> SweepConfig:
        values = {"epochs": 1, "space": SPACE, "data": data, "concurrency": 1, "pretrained": "", **changes}
        config = make_config(name=name, trials=trials, **values)
        (home / name).mkdir(parents=True)
        config.save(home / name)
        run(config, home / name)
        return config

    return make


@pytest.fixture
def second(home: Path, tmp_path: Path) -> Callable[..., tuple[SweepConfig, list[str]]]:
    """Plans a sweep that begins with it."""

    def make(text: str = "", **changes: Any) -> tuple[SweepConfig, list[str]]:
        file = tmp_path / "space.toml"
        file.write_text(
            text or "epochs = 1\n[params]\ndropout = { low = 0.0, high = 0.9 }\nbatch_size = { choices = [32, 64] }\n"
        )
        told = Recorder()
        values = {"dataset": "digits", "model": "cnn", "space": file, "cpus_per_trial": 1, "concurrency": 1}
        alone = {"without_default": True}  # the point of the other sweep comes first
        request = SweepRequest(**{**values, **alone, "trials": 6, "warm_start": "first", **changes})
        config = plan(request, "second", home=home, events=told)[0]
        (home / "second").mkdir(exist_ok=True)
        config.save(home / "second")
        return config, told.notes

    return make


def seen(study: Study) -> list[FrozenTrial]:
    study._asker.look(study._scores.scores(), study.count, seed=0)
    return study._asker.get_trials(deepcopy=False)


def test_tpe_begins_with_the_trials_of_a_sweep_of_the_same_data(
    first: Made, second: Callable[..., Any], home: Path
) -> None:
    first()
    config, told = second()
    assert told[-1] == "TPE begins with 20 trials of first"
    points = run(config, home / "second")
    (home / "alone").mkdir()
    alone = run(replace(config, name="alone", warm=None, space={**config.space, "start": []}), home / "alone")
    assert sum(map(score_of, points)) / 6 > sum(map(score_of, alone)) / 6 + 0.05  # which are random


def test_what_it_begins_with_is_kept_and_the_points_repeat_when_the_other_sweep_is_gone(
    first: Made, second: Callable[..., Any], home: Path
) -> None:
    first()
    config, _ = second()
    once = run(config, home / "second")
    shutil.rmtree(home / "first")
    shutil.rmtree(home / "second")
    (home / "second").mkdir()
    config.save(home / "second")
    kept = SweepConfig.load(home / "second")
    assert kept == config
    half = replace(kept, trials=3)
    assert run(half, home / "second") == once[:3]
    assert run(kept, home / "second") == once


def test_those_that_do_not_fit_the_space_are_told(first: Made, second: Callable[..., Any], home: Path) -> None:
    first()
    text = "epochs = 1\n[params]\ndropout = { low = 0.3, high = 0.9 }\nbatch_size = { choices = [32, 64, 128] }\n"
    config, told = second(text)
    fits = sum(
        float(r.parameters["dropout"]) >= 0.3
        for r in study_of(SweepConfig.load(home / "first"), home / "first").records()
    )
    assert 0 < fits < 20
    assert told[-1].startswith(f"TPE begins with {fits} trials of first; {20 - fits} do")
    assert "not fit the search space (dropout: " in told[-1]
    shown = seen(study_of(config, home / "second"))
    assert len(shown) == fits
    assert all(-1 < trial.number < 0 and trial.params.keys() == {"dropout", "batch_size"} for trial in shown)


def test_a_sweep_of_other_epochs_counts_by_what_its_best_gains(
    first: Made, second: Callable[..., Any], home: Path
) -> None:
    first()
    config, told = second(max_epochs=2, scheduler="none")
    assert told[-1] == (
        "TPE begins with 20 trials of first; they had 1 epoch: their scores are moved by what its best gains with 2"
    )
    controller, study = begin(config, home / "second")
    before = {trial.number: trial.value for trial in seen(study)}
    number, parameters = controller.next_trial() or (0, {})
    for epoch in (1, 2):
        controller.on_report(number, report_of(epoch, score_of(parameters) - 0.2 / epoch))
    after = {trial.number: trial.value for trial in seen(study)}
    assert len(after) == 20  # the best of before is there as the new trial alone
    gains = [float(after[each] or 0) - float(before[each] or 0) for each in before if each in after]
    assert gains == pytest.approx([0.1] * 19, abs=1e-6)


def test_of_other_data_only_the_best_point_is_taken(first: Made, second: Callable[..., Any]) -> None:
    first(data="others")
    config, told = second()
    assert config.warm is None
    assert len(config.space["start"]) == 1
    assert told[-1] == "first had other samples of digits: its best is tried, and no scores are taken from it"
    config, told = second(sampler="random")
    assert (config.warm, len(told)) == (None, 1)


@pytest.mark.parametrize("sampler", ["gp", "tpe"])
def test_samplers_that_learn_begin_with_them_also_in_a_space_with_conditions(
    first: Made, second: Callable[..., Any], home: Path, sampler: str
) -> None:
    momentum = {"low": 0.1, "high": 0.9, "when": {"optimizer": "sgd"}}
    first(
        space={
            "epochs": 1,
            "params": {**SPACE["params"], "optimizer": {"choices": ["sgd", "adam"]}, "momentum": momentum},
        }
    )
    text = (
        "epochs = 1\n[params]\ndropout = { low = 0.0, high = 0.9 }\nbatch_size = { choices = [32, 64] }\n"
        "optimizer = { choices = ['sgd', 'adam'] }\n"
        "momentum = { low = 0.1, high = 0.9, when = { optimizer = 'sgd' } }\n"
    )
    config, told = second(text, sampler=sampler)
    assert "begins with 20 trials of first" in told[-1]
    points = run(config, home / "second")
    assert sum(map(score_of, points)) / 6 > 0.75


def test_a_resumed_sweep_in_another_space_keeps_those_that_fit(
    first: Made, second: Callable[..., Any], home: Path
) -> None:
    first()
    config, _ = second()
    run(config, home / "second")
    folder = SweepFolder(home / "second")
    new = grown(config, folder, GrowRequest(trials=9, overrides=("batch_size=64,128",)))
    begin_growth(new, folder)
    warm = WarmTrials.of(new)
    assert warm
    fits = sum(trial.parameters["batch_size"] == 64 for trial in warm.trials)
    assert 0 < fits < 20
    shown = [trial for trial in seen(study_of(new, home / "second")) if trial.number < 0]
    assert fits - 1 <= len(shown) <= fits  # the best is there as trial 0 alone
    assert len(run(new, home / "second")) == 9


def test_of_many_trials_the_best_and_some_others_are_kept(first: Made, home: Path) -> None:
    config = make_config(name="big", trials=1, epochs=1, space=SPACE, data="d", concurrency=1)
    (home / "big").mkdir(parents=True)
    config.save(home / "big")
    more = replace(config, trials=260, sampler="random")
    points = run(more, home / "big")
    taken = take_trials(replace(config, name="next"), "big", home, Recorder())
    assert taken
    assert len(taken.trials) == MOST
    best = sorted(points, key=score_of)[-50:]
    assert all(any(trial.parameters == point for trial in taken.trials) for point in best)


def test_mlflow_gets_no_copy_of_them(first: Made, second: Callable[..., Any]) -> None:
    first()
    config, _ = second()
    assert "warm" not in config_in(tags_of(config))


def test_the_scores_of_pruned_trials_are_those_at_the_end(
    home: Path, data: str, first: Made, second: Callable[..., Any]
) -> None:
    config = make_config(name="first", trials=9, epochs=9, space=SPACE, data=data, concurrency=1, pretrained="")
    (home / "first").mkdir(parents=True)
    config.save(home / "first")
    controller, _ = begin(config, home / "first")
    drive(controller, Counter())
    controller.finish()
    planned, told = second(max_epochs=9)
    warm = WarmTrials.of(planned)
    assert warm
    assert (warm.comparable, len(warm.trials)) == (True, 9)
    scores = [trial.score for trial in warm.trials]
    assert scores == sorted(scores)  # the made-up scores grow with the number, whatever the epoch
    assert told[-1] == "TPE begins with 9 trials of first"
