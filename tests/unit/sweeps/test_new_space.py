"""A sweep that goes on in another search space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState
from support.common import make_config, read_study
from support.made_up_search import Recorder, begin, drive, report_of, study_of

from tuner.core.config import SweepConfig
from tuner.core.earlier import first_trial, raw_space
from tuner.core.errors import TunerError
from tuner.core.grow_request import GrowRequest
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.search.importance import importance
from tuner.search.refit import fitting
from tuner.search.space_file import read_file, space_of
from tuner.search.study import Study
from tuner.sweeps.best_trial import find_best
from tuner.sweeps.growth import announce, begin_growth, grown
from tuner.sweeps.new_space import finish_drawing, outside_note

SPACE: dict[str, Any] = {
    "epochs": 9,
    "params": {
        "batch_size": {"choices": [32, 64]},
        "optimizer": {"choices": ["sgd", "adam"]},
        "lr": [
            {"when": {"optimizer": "sgd"}, "low": 0.01, "high": 0.1, "log": True},
            {"when": {"optimizer": "adam"}, "low": 0.001, "high": 0.01, "log": True},
        ],
        "dropout": 0.1,
    },
}


@pytest.fixture
def folder(home: Path) -> SweepFolder:
    (home / "demo").mkdir(parents=True)
    return SweepFolder(home / "demo")


def searched(folder: SweepFolder, trials: int = 8, **changes: Any) -> SweepConfig:
    """A sweep with this many trials, each the better the higher its number."""
    config = make_config(trials=trials, space=SPACE, concurrency=1, **changes)
    config.save(folder.path)
    run(config, folder)
    return config


def run(config: SweepConfig, folder: SweepFolder) -> list[TrialRecord]:
    controller, study = begin(config, folder.path)
    drive(controller, Counter({record.number: record.epoch for record in study.records()}))
    controller.finish()
    return study.records()


def changed(
    config: SweepConfig,
    folder: SweepFolder,
    trials: int,
    *overrides: str,
    space: Path | None = None,
    constrain: str = "",
) -> SweepConfig:
    """The sweep, grown and stored."""
    relations = tuple(filter(None, [constrain]))
    asked = GrowRequest(trials=trials, overrides=overrides, space=space, constrain=relations)
    new = grown(config, folder, asked)
    begin_growth(new, folder)
    return SweepConfig.load(folder.path)


def seen_by_sampler(study: Study) -> list[FrozenTrial]:
    study._asker.look(study._scores.scores(), study.count, seed=0)
    return study._asker.get_trials(deepcopy=False)


def told(old: SweepConfig, new: SweepConfig, folder: SweepFolder) -> list[str]:
    recorder = Recorder()
    announce(old, new, GrowRequest(trials=new.trials), folder, recorder)
    return recorder.notes


def test_a_relation_is_added_to_those_of_before(folder: SweepFolder) -> None:
    config = searched(folder)
    first = changed(config, folder, 12, constrain="optimizer == 'sgd' or lr < 0.02")
    new = changed(first, folder, 30, "batch_size=16,32,64", constrain="batch_size <= 32")
    assert new.space["constrain"] == ["optimizer == 'sgd' or lr < 0.02", "batch_size <= 32"]
    assert SweepConfig.load(folder.path) == new
    after = run(new, folder)[8:]
    assert len(after) == 22
    assert {record.parameters["batch_size"] for record in after} == {16, 32}
    others = [float(record.parameters["lr"]) for record in after if record.parameters["optimizer"] != "sgd"]
    assert others
    assert max(others) < 0.02
    with pytest.raises(TunerError, match=r"^--constrain 'width < 2': .*width"):
        grown(new, folder, GrowRequest(trials=31, constrain=("width < 2",)))
    words = GrowRequest(trials=31, constrain=("lr < 1", "lr > 0")).words()
    assert words == ["--trials", "31", "--constrain", "lr < 1", "--constrain", "lr > 0"]
    assert GrowRequest(constrain=("lr < 1",)).changes_space


def test_new_trials_are_drawn_from_the_new_space_and_old_ones_stay(folder: SweepFolder) -> None:
    config = searched(folder)
    before = study_of(config, folder.path).records()
    new = changed(config, folder, 20, "batch_size=16,32,64,128", "lr=0.0001..1", "dropout=0..0.5", "optimizer=sgd")
    assert (first_trial(new), raw_space(new, 7), raw_space(new, 8)) == (8, SPACE, new.space)
    after = run(new, folder)
    assert after[:8] == before
    assert len(after) == 20
    assert {record.parameters["optimizer"] for record in after[8:]} == {"sgd"}
    assert {record.parameters["batch_size"] for record in after[8:]} > {32, 64}
    assert any(not 0.001 <= float(record.parameters["lr"]) <= 0.1 for record in after[8:])
    assert len({record.parameters["dropout"] for record in after[8:]}) > 1
    stored = read_study(folder.path).trials  # by Optuna alone: nothing has been forced into it
    labels = {label for trial in stored[:8] for label in trial.params}
    assert labels == {"batch_size", "optimizer", "lr (sgd)", "lr (adam)"}
    assert set(stored[8].params) == {"batch_size #2", "lr", "dropout"}


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "gp", "cmaes"])
def test_every_sampler_goes_on_in_a_changed_space(folder: SweepFolder, sampler: str) -> None:
    config = searched(folder, sampler=sampler)
    new = changed(config, folder, 16, "batch_size=32,64,128", "lr=0.0001..1", "dropout=0..0.5")
    once = run(new, folder)
    again = changed(new, folder, 22, "batch_size=32,64", "dropout=0.1", "optimizer=adam")
    records = run(again, folder)
    assert (records[:16], len(records)) == (once, 22)
    space = space_of(again)
    for record in records[16:]:
        assert [each.name for each in space.parameters if each.active(record.parameters)] == list(record.parameters)
        assert record.parameters["optimizer"] == "adam"


def test_samplers_see_the_trials_that_fit_with_the_ranges_of_now_and_no_others(folder: SweepFolder) -> None:
    config = searched(folder)
    new = changed(config, folder, 9, "batch_size=64,128", "lr=0.0001..1", "dropout=0.0..0.5")
    study = study_of(new, folder.path)
    records = study.records()
    fits = [record for record in records if record.parameters["batch_size"] == 64]
    assert 0 < len(fits) < 8
    seen = seen_by_sampler(study)
    assert [trial.number for trial in seen] == [record.number for record in fits]
    for trial, record in zip(seen, fits, strict=True):
        shown = {"batch_size #2": 64, "optimizer": record.parameters["optimizer"], "dropout": 0.1}
        assert trial.params == {**shown, "lr": record.parameters["lr"]}
        assert trial.distributions.keys() == trial.params.keys()
        assert trial.state == TrialState.COMPLETE
    study.ask()
    asked = read_study(folder.path).trials[-1]
    for trial in seen:  # else a sampler that models all parameters together would leave some out
        assert all(trial.distributions[name] == asked.distributions[name] for name in asked.params)


def test_what_was_a_constant_is_the_value_of_old_trials_and_what_had_no_name_the_default(folder: SweepFolder) -> None:
    config = searched(folder)
    cases: dict[str, int] = {
        "dropout=0.1,0.3": 8,
        "dropout=0.2..0.5": 0,  # not 0.1
        "dropout=0.1": 8,
        "warmup=0.0..0.2": 8,  # training's default is 0.1
        "warmup=0.0..0.05": 0,
        "width=1.0,2.0": 8,  # the model's default is 1.0
        "width=2.0,4.0": 0,
    }
    for expression, count in cases.items():
        new = grown(config, folder, GrowRequest(trials=9, overrides=(expression,)))
        records = study_of(config, folder.path).records()
        found = fitting(records, new)
        assert len(found) == count, expression
        name = expression.partition("=")[0]
        assert {record.parameters[name] for record in found} <= {0.1, 1.0}


def test_a_parameter_that_is_taken_out_of_the_space_counts_where_it_had_its_default(
    folder: SweepFolder, tmp_path: Path
) -> None:
    lines = [
        "epochs = 9",
        "[params]",
        "batch_size = { choices = [32, 64] }",
        "optimizer = { choices = ['sgd', 'adam'] }",
        "lr = { low = 0.0001, high = 1.0 }",
        "dropout = 0.1",
        "momentum = 0.9",
    ]
    file = tmp_path / "space.toml"
    file.write_text("\n".join(lines))
    config = make_config(trials=8, space=read_file(file), concurrency=1)
    config.save(folder.path)
    records = run(config, folder)
    for count, without in ((8, "momentum"), (0, "dropout")):  # the defaults are 0.9 and 0.2
        file.write_text("\n".join(line for line in lines if not line.startswith(without)))
        new = grown(config, folder, GrowRequest(trials=9, space=file))
        assert len(fitting(records, new)) == count
    assert told(config, new, folder)[1].startswith(
        "new trials are drawn from dropout = not set (before: 0.1); 0 of 8 trials lie in it; 8 do not, such as trial 0 "
        "(dropout: 0.1 is not 0.2, the default where the search space does not name it): "
    )


def test_trials_that_do_not_fit_are_told_with_one_of_them_and_can_still_win(folder: SweepFolder) -> None:
    config = searched(folder)
    records = study_of(config, folder.path).records()
    out = [record.number for record in records if record.parameters["batch_size"] == 32]
    assert len(out) > 1
    new = changed(config, folder, 9, "batch_size=64,128")
    assert told(config, new, folder)[1] == (
        "new trials are drawn from batch_size = 64, 128 (before: 32, 64); "
        f"{8 - len(out)} of 8 trials lie in it; {len(out)} do not, such as trial {out[0]} "
        "(batch_size: 32 is not one of 64, 128): what was trained stays, and can still win"
    )
    last = [record for record in records if record.number == out[-1]]
    assert outside_note(new, last[0]) == (
        f"the winner, trial {out[-1]}, does not lie in the present search space: batch_size: 32 is not one of 64, 128"
    )
    assert not outside_note(new, replace(last[0], number=8))
    assert not outside_note(config, last[0])


def test_reports_compare_the_trials_that_fit(folder: SweepFolder) -> None:
    config = searched(folder, trials=24)
    new = changed(config, folder, 25, "batch_size=64,128", "lr=0.0001..1")
    records = study_of(new, folder.path).records()
    found = fitting(records, new)
    assert 5 <= len(found) < 24
    assert importance(found, space_of(new), 9, (1,)).trials == len(found)


def test_the_same_request_again_changes_nothing_more(folder: SweepFolder) -> None:
    config = searched(folder)
    new = changed(config, folder, 12, "dropout=0.0..0.5")
    again = grown(new, folder, GrowRequest(trials=12, overrides=("dropout=0.0..0.5",)))
    assert again == new
    assert grown(config, folder, GrowRequest(trials=12, overrides=("dropout=0.1",))).earlier == []


def test_a_space_that_is_wrong_is_refused_and_nothing_is_stored(folder: SweepFolder, tmp_path: Path) -> None:
    config = searched(folder)
    (tmp_path / "bad.toml").write_text("epochs = 9\n[params]\nlr = { low = 2, high = 1 }\n")
    for asked, words in (
        (GrowRequest(trials=9, overrides=("bacth_size=3",)), "--set: params.bacth_size: "),
        (GrowRequest(trials=9, overrides=("lr=3..1",)), "--set: params.lr: low 3.0 is not below high 1.0"),
        (GrowRequest(trials=9, overrides=("epochs=3",)), "--set 'epochs=3': use --max-epochs 3"),
        (GrowRequest(trials=9, space=tmp_path / "bad.toml"), f"{tmp_path}/bad.toml: params.lr: low 2"),
        (GrowRequest(trials=9, space=tmp_path / "none.toml"), f"--space {tmp_path}/none.toml: No such file"),
        (GrowRequest(overrides=("dropout=0.2",)), "demo has 8 trials and all of them have ended: to go on, give more"),
    ):
        with pytest.raises(TunerError) as refused:
            grown(config, folder, asked)
        assert str(refused.value).startswith(words)
        assert SweepConfig.load(folder.path) == config


def test_a_paused_sweep_goes_on_in_the_new_space_with_the_trials_that_are_left(folder: SweepFolder) -> None:
    config = make_config(trials=8, space=SPACE, concurrency=1)
    config.save(folder.path)
    controller, _ = begin(config, folder.path)
    for number in range(3):
        controller.next_trial()
        controller.on_report(number, report_of(1, 0.1))
    new = grown(config, folder, GrowRequest(overrides=("optimizer=adam",)))
    begin_growth(new, folder)
    records = run(new, folder)
    assert (new.trials, len(records)) == (8, 8)
    assert {record.parameters["optimizer"] for record in records[3:]} == {"adam"}


def test_a_trial_whose_drawing_was_killed_is_drawn_from_the_space_of_then(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = searched(folder)
    more = replace(config, trials=9)
    study = study_of(more, folder.path)

    def killed(*_: object) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(study, "_space", killed)
        with pytest.raises(KeyboardInterrupt):
            study.ask()
    records = study_of(more, folder.path).records()
    assert (len(records), records[8].parameters) == (9, {})
    finish_drawing(more, folder, records)
    drawn = study_of(more, folder.path).records()
    assert drawn[8].parameters["batch_size"] in (32, 64)
    new = changed(more, folder, 10, "batch_size=128,256")
    assert first_trial(new) == 9
    assert run(new, folder)[9].parameters["batch_size"] in (128, 256)


def test_a_grid_tries_the_points_that_are_new(folder: SweepFolder) -> None:
    space = {"epochs": 9, "params": {"batch_size": {"choices": [32, 64]}, "dropout": {"choices": [0.0, 0.1, 0.2]}}}
    config = make_config(trials=6, space=space, sampler="grid", concurrency=1)
    config.save(folder.path)
    run(config, folder)
    asked = GrowRequest(overrides=("batch_size=64,128", "dropout=0.1,0.2,0.3"))
    new = grown(config, folder, asked)
    assert new.trials == 6 + 4  # of six points two were tried
    begin_growth(new, folder)
    points = [(each.parameters["batch_size"], each.parameters["dropout"]) for each in run(new, folder)]
    assert set(points[6:]) == {(128, 0.1), (128, 0.2), (128, 0.3), (64, 0.3)}
    with pytest.raises(TunerError, match=r"^--trials 11: demo tries the points of a grid, and there are 10$"):
        grown(new, folder, GrowRequest(trials=11))


def test_auto_chooses_again_in_a_new_space_and_a_grid_stays_one(folder: SweepFolder) -> None:
    space = {"epochs": 9, "params": {"batch_size": {"choices": [32, 64]}, "dropout": {"choices": [0.0, 0.1, 0.2]}}}
    config = make_config(trials=6, space=space, sampler="grid", auto="the space has 6 points", concurrency=1)
    config.save(folder.path)
    run(config, folder)
    assert grown(config, folder, GrowRequest(overrides=("dropout=0.3,0.4",))).sampler == "grid"
    new = grown(config, folder, GrowRequest(overrides=("dropout=0.0..0.5",), trials=30))
    assert (new.sampler, new.auto) == ("gp", "30 trials in 2 numbers that every trial has")
    begin_growth(new, folder)
    assert len({record.parameters["dropout"] for record in run(new, folder)[6:9]}) == 3


def test_start_points_of_a_new_space_are_tried_first_and_those_that_are_left_are_kept(
    folder: SweepFolder, tmp_path: Path
) -> None:
    left = [{"optimizer": "adam", "lr": value} for value in (0.002, 0.003, 0.004)]
    config = make_config(trials=6, space={**SPACE, "start": left}, concurrency=1)
    config.save(folder.path)
    controller, _ = begin(config, folder.path)
    controller.next_trial()
    (tmp_path / "new.toml").write_text(
        'epochs = 9\n[params]\nbatch_size = 32\noptimizer = "adam"\nlr = { low = 0.0035, high = 1.0, log = true }\n'
        "dropout = { low = 0.0, high = 0.5 }\n[[start]]\nlr = 0.5\ndropout = 0.0\n"
    )
    recorder = Recorder()
    new = grown(config, folder, GrowRequest(space=tmp_path / "new.toml"), recorder)
    assert recorder.warnings == ["a start point is dropped: lr: 0.003 is outside of 0.0035 .. 1 log"]
    begin_growth(new, folder)
    records = run(new, folder)
    assert [record.parameters["lr"] for record in records[:3]] == [0.002, 0.004, 0.5]
    assert records[2].parameters["dropout"] == 0.0


def test_the_best_trial_of_an_earlier_space_is_given_with_that_space(folder: SweepFolder, home: Path) -> None:
    config = searched(folder)
    changed(config, folder, 9, "optimizer=sgd", "batch_size=8,16")
    text = find_best("demo", home).to_toml()
    assert "choices = [32, 64]" in text


def test_sweeps_of_earlier_versions_have_had_one_space(folder: SweepFolder) -> None:
    config = searched(folder)
    text = folder.config.read_text()
    assert '"earlier"' in text
    assert SweepConfig.load(folder.path).earlier == config.earlier == []
