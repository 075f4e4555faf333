"""Which scheduler a sweep has."""

from __future__ import annotations

import pytest
from support.common import make_config
from support.summaries import record

from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.asha import promotable, rungs
from tuner.search.schedulers.ladder import Ladder


def waiting(count: int, epochs: int = 9) -> Ladder:
    """So many trials that wait at the first rung."""
    return Ladder.of(rungs(epochs), [record(n, "RUNNING", n / 9) for n in range(count)])


@pytest.mark.parametrize("epochs", [1, 3, 9, 20])
def test_a_sweep_has_asha_over_its_epochs(epochs: int) -> None:
    assert make_scheduler(make_config(epochs=epochs)).rungs() == rungs(epochs)


@pytest.mark.parametrize("no_more_new", [True, False])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_it_promotes_as_asha_does_for_so_many_workers(workers: int, no_more_new: bool) -> None:
    scheduler = make_scheduler(make_config(epochs=9, concurrency=workers))
    for ladder in (waiting(2), waiting(9)):
        expected = promotable(ladder, no_more_new=no_more_new, workers=workers)
        assert scheduler.promotable(ladder, no_more_new=no_more_new) == expected
    assert scheduler.promotable(waiting(2), no_more_new=True) == ([1, 0] if workers > 1 else [1])


def test_it_remembers_nothing() -> None:
    """So a sweep that is resumed decides alike."""
    config = make_config(epochs=9)
    used = make_scheduler(config)
    used.promotable(waiting(9), no_more_new=True)
    assert used == make_scheduler(config)
    assert used.promotable(waiting(9), no_more_new=False) == [8, 7, 6]
