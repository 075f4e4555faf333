"""The default configuration is trained in full under each scheduler, and the others are stopped as without it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from support.common import make_config
from support.made_up_search import begin, drive

from tuner.core.search_options import SCHEDULERS
from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.base import expected_epochs


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_default_is_trained_in_full_although_it_is_the_worst(tmp_path: Path, scheduler: str) -> None:
    epochs: Counter[int] = Counter()
    config = make_config(scheduler=scheduler, default=True, trials=12, epochs=9, concurrency=1)
    controller, study = begin(config, tmp_path)
    drive(controller, epochs)  # the later a trial, the better
    controller.finish()
    assert (study.record(0).state, epochs[0]) == ("COMPLETE", 9)
    assert study.record(0).score == min(record.score for record in study.records())
    if scheduler in ("asha", "hyperband"):
        assert min(epochs.values()) < 9, "the others are stopped"


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("trials", [1, 2, 16, 17, 40])
def test_it_is_a_bracket_of_its_own(scheduler: str, trials: int) -> None:
    with_default = make_scheduler(make_config(scheduler=scheduler, default=True))
    without = make_scheduler(make_config(scheduler=scheduler))
    assert with_default.rungs() == without.rungs()
    counted = Counter(with_default.rungs_of(number) for number in range(trials))
    assert counted[()] >= 1
    assert {rungs: size for rungs, size in with_default.brackets(trials).items() if size} == counted
    assert expected_epochs(with_default, trials, 9) >= expected_epochs(without, trials, 9)


def test_a_sweep_without_a_default_stops_its_first_trial_as_all_others(tmp_path: Path) -> None:
    epochs: Counter[int] = Counter()
    controller, _ = begin(make_config(trials=12, epochs=9, concurrency=1), tmp_path)
    drive(controller, epochs)
    assert epochs[0] == 1
