"""Where a sweep stands: the counts, the best trial and the time left."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from support.summaries import BEGAN, CONFIG, LIVE, RECORDS, record

from tuner.core.records import TrialRecord
from tuner.search.summary import summarise


def test_a_summary_counts_trials_by_what_they_do() -> None:
    summary = summarise(CONFIG, RECORDS, LIVE, None)
    assert summary.counts == {"done": 1, "pruned": 1, "failed": 1, "waiting": 1, "running": 2, "queued": 6}
    assert summary.epochs == 9 + 1 + 1 + 1 + 3
    assert summary.expected == 12 + 4 * 2 + 2 * 6
    assert [trial.number for trial in summary.live] == [4, 5]
    assert summary.states() == ("12 trials: 1 done, 2 running, 1 waiting, 1 pruned, 1 failed, 6 queued")


def test_the_best_of_a_summary_is_that_of_any_epoch_and_any_trial_that_did_not_fail() -> None:
    summary = summarise(CONFIG, RECORDS, LIVE, None)
    assert summary.best is not None
    assert (summary.best.number, summary.best.score) == (4, 0.95)


def test_a_summary_of_nothing_has_everything_left() -> None:
    summary = summarise(CONFIG, [], set(), None)
    assert summary.states() == "12 trials: 12 queued"
    assert (summary.epochs, summary.best, summary.live) == (0, None, ())


@pytest.mark.parametrize(("records", "budget", "left"), [
    ([record(0, "RUNNING", *[0.1] * 7, time=BEGAN - 1)], None, None),
    ([record(0, "RUNNING", *[0.1] * 8, time=BEGAN - 1, then=BEGAN + 9)], None, None),  # one epoch in this run
    ([record(0, "RUNNING", 0.1, time=BEGAN)], 60.0, 50.0),
    ([record(0, "RUNNING", 0.1, time=BEGAN - 1)], 60.0, 50.0),
    ([record(n, "RUNNING", *[0.1] * 6, time=BEGAN) for n in range(5)], 11.0, 1.0),
    ([record(n, "RUNNING", *[0.1] * 8, time=BEGAN, then=BEGAN + 9) for n in range(12)], None, 5.25),  # 12 s of work
    ([record(n, "RUNNING", *[0.1] * 9, time=BEGAN) for n in range(12)], None, 0.0),
])  # fmt: skip
def test_the_time_left_follows_from_the_speed_of_this_run_and_its_budget(
    monkeypatch: pytest.MonkeyPatch, records: list[TrialRecord], budget: float | None, left: float | None
) -> None:
    """A resumed sweep has epochs already, which took no time of this run."""
    monkeypatch.setattr("tuner.search.summary.time", SimpleNamespace(time=lambda: BEGAN + 10))
    config = replace(CONFIG, time_budget=budget)
    assert summarise(config, records, {0}, BEGAN).left == (left if left is None else pytest.approx(left))
    assert summarise(config, records, {0}, None).left is None


def test_trials_that_train_for_longer_than_the_default_did_are_all_like_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tuner.search.summary.time", SimpleNamespace(time=lambda: BEGAN + 10))
    before = {"space": CONFIG.space, "epochs": 3, "trials": 2, "tried": 0, "defaults": {}}

    records = [record(n, "COMPLETE", *[0.1] * 3, time=BEGAN - 9) for n in range(2)]
    records += [record(n, "RUNNING", *[0.1] * 2, time=BEGAN) for n in range(2, 4)]
    longer = replace(CONFIG, trials=8, earlier=[before])
    alike = summarise(longer, records, {2, 3}, BEGAN)
    found = summarise(replace(longer, default=True), records, {2, 3}, BEGAN)
    assert found.left is not None
    assert (found.expected, found.left) == (alike.expected, alike.left)
