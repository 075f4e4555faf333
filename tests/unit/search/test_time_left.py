"""The estimated time left, at every moment of twenty recorded searches (tests/benchmarks/record_searches.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from support.common import make_config

from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord
from tuner.search.schedulers import make_scheduler
from tuner.search.time_left import seconds_left

SEARCHES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "searches.json").read_text())
BEGAN = 5000.0
EACH = pytest.mark.parametrize("search", SEARCHES, ids=range(len(SEARCHES)))


def config_of(search: dict[str, Any]) -> SweepConfig:
    return make_config(trials=search["trials"], epochs=search["epochs"], concurrency=search["concurrency"])


def end_of(search: dict[str, Any]) -> float:
    return news_of(search)[-1]


def news_of(search: dict[str, Any]) -> list[float]:
    """When epochs ended."""
    return sorted(end for ends in search["ends"] for end, _ in ends)


def state(search: dict[str, Any], now: float) -> tuple[list[TrialRecord], set[int]]:
    """The trials at a time in seconds since the beginning, and which of them a worker had."""
    records, live = [], set()
    for number, (started, ends) in enumerate(zip(search["started"], search["ends"], strict=True)):
        if started > now:
            break
        known = {e: {"time": BEGAN + end, "epoch_seconds": s} for e, (end, s) in enumerate(ends, 1) if end <= now}
        if len(known) < len(ends):
            end, seconds = ends[len(known)]
            if not known or end - seconds <= now:
                live.add(number)
        records.append(
            TrialRecord(
                number=number,
                state="COMPLETE" if len(known) == search["epochs"] else "RUNNING",
                parameters={},
                values=dict.fromkeys(known, 0.5),
                metrics=known,
                reason="",
                started=BEGAN + started,
                finished=None,
            )
        )
    return records, live


def estimate(
    search: dict[str, Any], records: list[TrialRecord], live: set[int], began: float, now: float
) -> float | None:
    config = config_of(search)
    return seconds_left(config, records, live, began, now, make_scheduler(config))


def told(search: dict[str, Any], now: float) -> float | None:
    """The estimate at this time."""
    records, live = state(search, now)
    return estimate(search, records, live, BEGAN, BEGAN + now)


def errors(search: dict[str, Any]) -> Iterator[float]:
    """The share by which the estimate is wrong, at even times from a quarter of the search on."""
    end = end_of(search)
    for step in range(40):
        now = end * (0.25 + 0.75 * step / 40)
        if (left := told(search, now)) is not None:
            yield abs(left - (end - now)) / (end - now)


def test_the_median_error_of_twenty_searches_is_below_a_quarter() -> None:
    by_search = [median(errors(search)) for search in SEARCHES]
    assert len(by_search) == 20
    assert median(by_search) < 0.25
    assert median(error for search in SEARCHES for error in errors(search)) < 0.25
    assert sorted(by_search)[-3] < 0.4  # all but two, in which a few finalists are far slower than the others


@EACH
def test_nothing_is_told_before_a_worker_has_finished_its_second_epoch(search: dict[str, Any]) -> None:
    news, workers = news_of(search), min(search["concurrency"], search["trials"])
    assert told(search, news[0] - 0.01) is None
    if workers > 1 or search["epochs"] > 1:
        assert told(search, news[0]) is None
    assert told(search, news[workers]) is not None


@EACH
def test_between_two_reports_it_counts_down(search: dict[str, Any]) -> None:
    """It never grows for want of news; trials that begin and end between reports change little."""
    for before, after in pairwise([*news_of(search), end_of(search) + 1000]):
        times = [before + (after - before) * share for share in (0.0, 0.3, 0.6, 0.99)]
        records, live = state(search, before)
        shown = [estimate(search, records, live, BEGAN, BEGAN + now) for now in times]
        if shown[0] is not None:
            assert shown == [pytest.approx(max(0.0, shown[0] - (now - before)), abs=1e-6) for now in times]


def test_the_start_of_the_workers_does_not_count() -> None:
    """Whether they take a second or ten minutes, what is left is the same."""
    search = SEARCHES[0]
    now = end_of(search) / 2
    late = {
        **search,
        "started": [start + 600 if start > 0 else start for start in search["started"]],
        "ends": [[[end + 600, seconds] for end, seconds in ends] for ends in search["ends"]],
    }
    assert told(late, now + 600) == pytest.approx(told(search, now))


def test_epochs_of_an_earlier_run_tell_nothing_of_the_speed() -> None:
    search = SEARCHES[0]
    records, live = state(search, end_of(search) / 2)
    assert estimate(search, records, live, BEGAN + end_of(search) / 2, BEGAN + end_of(search)) is None
