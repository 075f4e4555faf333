"""What makes TPE quicker changes nothing of what it draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from optuna.samplers import BaseSampler, TPESampler
from support.common import make_config
from support.made_up_search import begin, metrics_of, report_of, study_of

from tuner.core.records import Value
from tuner.search.samplers import tpe
from tuner.search.samplers.quick_tpe import QuickTPE
from tuner.search.samplers.seen import PLANNED, SeenTrial
from tuner.search.schedulers.base import Decision

PARAMS: dict[str, Any] = {
    "optimizer": {"choices": ["sgd", "adam", "adamw"]},
    "nesterov": {"choices": [True, False], "when": {"optimizer": "sgd"}},
    "momentum": {"low": 0.5, "high": 0.97, "when": {"optimizer": "sgd"}},
    "beta": {"low": 0.8, "high": 0.99, "when": {"optimizer": ["adam", "adamw"]}},
    "lr": {"low": 1e-4, "high": 1.0, "log": True},
    "width": {"low": 8, "high": 64},
    "dropout": {"low": 0.0, "high": 0.5, "step": 0.1},
}


def search(folder: Path, workers: int, **changes: Any) -> list[dict[str, Value]]:
    """The points of a search of which some trials fail, some run out of memory, and some never report."""
    folder.mkdir()
    space = {"epochs": 9, "params": PARAMS}
    config = make_config(trials=45, epochs=9, concurrency=workers, seed=5, space=space, **changes)
    controller, study = begin(config, folder)
    while not controller.over:
        while len(controller.live()) < workers and controller.next_trial():
            pass
        number = min(controller.live(), key=lambda each: (study.record(each).epoch, each))
        record = study.record(number)
        if number % 13 == 12:
            controller.on_lost(number, "it died", out_of_memory=number % 2 == 0)
            continue
        score = 0.9 - float(record.parameters["dropout"]) + 0.002 * float(record.parameters["width"])
        if (
            controller.on_report(number, report_of(record.epoch + 1, score / 3)) is Decision.CONTINUE
            and number % 9 == 8
        ):
            controller.on_dropped(number)
    return [dict(record.parameters) for record in study.records()]


@pytest.mark.parametrize(
    ("workers", "changes"),
    [(1, {}), (20, {}), (4, {"objective": "val_accuracy,val_loss"}), (4, {"constraint": "val_loss<=0.75"})],
)
def test_it_draws_what_tpe_draws(
    tmp_path: Path, workers: int, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[BaseSampler] = []

    def plain(**options: Any) -> BaseSampler:
        made.append(TPESampler(**options))
        return made[-1]

    found = search(tmp_path / "quick", workers, **changes)
    monkeypatch.setattr(tpe, "QuickTPE", plain)
    monkeypatch.setattr(SeenTrial, "show_planned", lambda _: None)
    assert found == search(tmp_path / "plain", workers, **changes)
    assert made
    assert {type(each) for each in made} == {TPESampler}
    assert len({str(point) for point in found}) > 40


def test_a_trial_that_runs_is_shown_with_all_that_was_drawn_for_it_until_it_changes(tmp_path: Path) -> None:
    config = make_config(trials=40, epochs=9, concurrency=8, space={"epochs": 9, "params": PARAMS})
    study = study_of(config, tmp_path)
    for number in range(12):
        study.ask()
        study.report(number, metrics_of(1, 0.5 + number / 100))
    [running] = [study.ask()[0]]
    stored = study._study.get_trials()[running]
    assert any(key.startswith(PLANNED) for key in stored.system_attrs)

    def shown() -> Any:
        study._asker.look(study._scores.scores(), study.count, 0)
        return next(trial for trial in study._asker.get_trials() if trial.number == running)

    first = shown()
    sampler = QuickTPE(seed=0, multivariate=True)
    assert first.params == sampler._get_params(stored, study._study)
    assert set(first.params) > set(stored.params), "TPE has drawn for each optimizer"
    assert shown() is first, "it is not read again"
    study.note_node(running, "a", 1)
    assert shown() is not first
    study.report(running, metrics_of(1, 0.9))
    assert (shown().state.name, shown().params) == ("COMPLETE", stored.params)
