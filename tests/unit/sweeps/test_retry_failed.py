"""Failed trials are tried again: as new ones, with the same parameters."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Set
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config, read_study
from support.made_up_search import Recorder, begin, report_of

from tuner.core.config import SweepConfig
from tuner.core.earlier import first_drawn_alike, first_trial
from tuner.core.errors import TunerError
from tuner.core.grow_request import GrowRequest
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.search.schedulers.base import Decision
from tuner.search.start_points import START
from tuner.sweeps.growth import announce, begin_growth, grown
from tuner.sweeps.retry_failed import to_retry

SPACE: dict[str, Any] = {"epochs": 3, "params": {"dropout": {"low": 0.0, "high": 0.9}}}
AGAIN = GrowRequest(retry_failed=True)


@pytest.fixture
def folder(home: Path) -> SweepFolder:
    (home / "demo").mkdir(parents=True)
    return SweepFolder(home / "demo")


def run(config: SweepConfig, folder: SweepFolder, failing: Set[int], lose: Set[int] = frozenset()) -> list[TrialRecord]:
    """Runs it, one trial at a time. The `failing` end with a loss that is no number; one to `lose` is interrupted."""
    controller, study = begin(config, folder.path)
    epochs: Counter[int] = Counter()
    while not controller.over and (drawn := controller.next_trial()):
        number = drawn[0]
        if number in lose:
            return study.records()
        while True:
            epochs[number] += 1
            broken = {"train_loss": math.nan} if number in failing else {}
            if controller.on_report(number, report_of(epochs[number], 0.5, **broken)) is Decision.STOP:
                break
    controller.finish()
    return study.records()


def begun(folder: SweepFolder, trials: int, **changes: Any) -> SweepConfig:
    config = make_config(trials=trials, epochs=3, space=SPACE, concurrency=1, scheduler="none", **changes)
    config.save(folder.path)
    return config


def again(config: SweepConfig, folder: SweepFolder, asked: GrowRequest = AGAIN) -> tuple[SweepConfig, list[str]]:
    told = Recorder()
    new = grown(config, folder, asked)
    announce(config, new, asked, folder, told)
    begin_growth(new, folder)
    return SweepConfig.load(folder.path), told.notes


def test_failed_trials_stay_and_new_ones_have_their_parameters(folder: SweepFolder) -> None:
    config = begun(folder, 6)
    before = run(config, folder, {1, 4})
    assert Counter(record.state for record in before) == {"COMPLETE": 4, "FAIL": 2}
    new, notes = again(config, folder)
    assert (
        "tried again with the same parameters, as the trials 6 to 7: 1, 4, which failed and stay as they are" in notes
    )
    assert new.trials == 8
    after = run(new, folder, {7})
    assert [record.state for record in after[:6]] == [record.state for record in before]
    assert [record.metrics for record in after[:6]] == [record.metrics for record in before]
    assert [after[6].parameters, after[7].parameters] == [before[1].parameters, before[4].parameters]
    assert [record.state for record in after[6:]] == ["COMPLETE", "FAIL"]
    study = read_study(folder.path)
    assert [trial.params for trial in study.trials[6:]] == [study.trials[1].params, study.trials[4].params]

    third, _ = again(new, folder)  # what has succeeded since is not tried again, and each point once
    last = run(third, folder, set())
    assert [record.parameters for record in last[8:]] == [before[4].parameters]
    with pytest.raises(TunerError, match=r"^--retry-failed: demo has no failed trial that was not tried again$"):
        grown(third, folder, AGAIN)


def test_an_interrupted_sweep_tries_them_first_and_then_what_was_left(folder: SweepFolder) -> None:
    points = [{"dropout": value / 10} for value in range(5)]
    config = begun(folder, 5, earlier=[])
    config = SweepConfig(**{**vars(config), "space": {**SPACE, START: points}})
    config.save(folder.path)
    run(config, folder, {0}, lose={2})
    new, _ = again(config, folder)
    assert new.trials == 6
    after = run(new, folder, set())
    assert [record.parameters["dropout"] for record in after] == [0.0, 0.1, 0.2, 0.0, 0.3, 0.4]
    assert [record.state for record in after] == ["FAIL", *["COMPLETE"] * 5]


def test_when_all_have_failed_the_retries_have_a_chance_of_their_own(folder: SweepFolder) -> None:
    config = begun(folder, 6)
    before = run(config, folder, set(range(6)))
    assert len(before) == 5  # the search was stopped
    new, _ = again(config, folder, GrowRequest(retry_failed=True, trials=12))
    after = run(new, folder, {5})
    assert Counter(record.state for record in after[5:]) == {"FAIL": 1, "COMPLETE": 6}
    assert [record.parameters for record in after[5:10]] == [record.parameters for record in before]


@pytest.mark.parametrize(
    ("changes", "asked", "said"),
    [
        ({}, {"overrides": ("dropout=0.1",)}, "leave out --set, --space, --max-epochs"),
        ({}, {"max_epochs": 9}, "leave out --set, --space, --max-epochs"),
        ({}, {"trials": 4}, "--trials 4: to try 1 trial again it takes 5"),
    ],
)
def test_what_does_not_go_together_is_said(
    folder: SweepFolder, changes: dict[str, Any], asked: dict[str, Any], said: str
) -> None:
    config = begun(folder, 4, **changes)
    run(config, folder, {1})
    with pytest.raises(TunerError, match=said):
        grown(config, folder, GrowRequest(retry_failed=True, **asked))


def test_the_request_is_told_to_a_cluster() -> None:
    assert AGAIN.words() == ["--retry-failed"]
    assert AGAIN.given


def test_each_point_is_tried_again_once(folder: SweepFolder) -> None:
    config = begun(folder, 3)
    records = run(config, folder, {0, 1, 2})
    same = [record for record in records for _ in range(2)]
    assert len(to_retry(config, same)[0]) == 3


def test_a_point_that_a_changed_space_has_no_more_is_left_out_and_told(folder: SweepFolder) -> None:
    config = begun(folder, 4)
    before = run(config, folder, {0, 1, 2, 3})
    low, high = (
        min(before, key=lambda each: each.parameters["dropout"]),
        max(before, key=lambda each: each.parameters["dropout"]),
    )
    narrow = {"low": 0.0, "high": float(high.parameters["dropout"]) - 1e-6}
    earlier = {"space": SPACE, "epochs": 3, "trials": len(before), "tried": 0, "defaults": {}}
    changed = SweepConfig(**{**vars(config), "space": {**SPACE, "params": {"dropout": narrow}}, "earlier": [earlier]})
    changed.save(folder.path)
    new, notes = again(changed, folder)
    assert len(new.space[START]) == len(before) - 1
    assert low.parameters in new.space[START]
    assert f"not tried again, since the search space was changed and has no such point any more: {high.number}" in notes
    after = run(new, folder, set())
    assert high.parameters not in [record.parameters for record in after[len(before) :]]


def test_a_sampler_does_not_begin_anew(folder: SweepFolder) -> None:
    config = begun(folder, 6)
    run(config, folder, {1})
    new, _ = again(config, folder)
    assert first_trial(new) == 6
    assert first_drawn_alike(new) == 0
    other = SweepConfig(**{**vars(new), "space": {**new.space, "params": {"dropout": {"low": 0.0, "high": 0.5}}}})
    assert first_drawn_alike(other) == 6
