"""One sweep on the page: its trials as rows, and its charts."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects
import pytest
from support.made_up_home import add_sweep, run, running
from support.made_up_search import begin
from support.made_up_trials import trials

from tuner.core.errors import TunerError
from tuner.core.finite import finite
from tuner.core.records import best_of
from tuner.report.not_shown import NotShown
from tuner.report.search_series import best_so_far
from tuner.serving.board.board import Board
from tuner.serving.board.charts import MOST, TITLES, make_chart, thinned


def test_a_trial_is_told_again_only_when_it_has_changed(home: Path) -> None:
    config = add_sweep(home, "x", 6, trials=20)
    board = Board(home)
    view = board.view("x")
    assert sorted(map(int, view.trials.values())) == list(range(6))
    version = view.trials.version
    board.look()
    assert view.trials.since(version) == ({}, version)
    with running(home, "x", live=[6]):
        run(begin(config, home / "x")[0], 8, 6)
        board.look()
        changed, _ = view.trials.since(version)
        assert len(changed) <= 2 < len(view.trials.values())  # those that have run since
        assert changed["6"]["state"] == "running"
        assert changed["6"]["parameters"].keys() >= {"lr", "dropout"}
    assert board.view("x") is view


def test_what_is_read_twice_is_the_same_as_what_is_read_once(home: Path) -> None:
    """Records of trials that have not changed are kept: they must be what a new reader reads."""
    config = add_sweep(home, "x", 5, trials=20)
    board = Board(home)
    board.view("x")
    run(begin(config, home / "x")[0], 12, 5)
    assert board.view("x").trials.values() == Board(home).view("x").trials.values()


def test_a_row_says_why_a_trial_ended(home: Path) -> None:
    config = add_sweep(home, "x", 3, trials=20, scheduler="asha-stop")
    run(begin(config, home / "x")[0], 14, 3)
    rows = Board(home).view("x").trials.values().values()
    pruned = [row for row in rows if row["state"] == "pruned"]
    assert pruned
    assert all("after epoch" in row["reason"] for row in pruned)


def test_an_unknown_sweep_is_refused_with_the_nearest_names(home: Path) -> None:
    add_sweep(home, "digits-cnn-1", 2)
    with pytest.raises(TunerError, match="did you mean digits-cnn-1"):
        Board(home).view("digits-cnn-2")


@pytest.mark.parametrize("key", sorted(set(TITLES) - {"front"}))
def test_plotly_knows_the_charts(home: Path, key: str) -> None:
    add_sweep(home, "x", 24)
    block = Board(home).view("x").chart(key).block
    assert block.charts
    for chart in finite(block.charts):
        plotly.graph_objects.Figure({"data": chart["data"], "layout": chart["layout"]})


def test_the_learning_curves_are_called_by_their_states(home: Path) -> None:
    add_sweep(home, "x", 24)
    [chart] = Board(home).view("x").chart("learning").block.charts
    names = [trace["name"] for trace in chart["data"]]
    assert any(name.startswith("done (") for name in names)
    assert any(name.startswith("waiting (") for name in names)


def test_charts_say_what_is_missing(home: Path) -> None:
    add_sweep(home, "x", 0)
    view = Board(home).view("x")
    for key in TITLES:
        with pytest.raises(NotShown):
            view.chart(key)
    with pytest.raises(TunerError, match="unknown chart"):
        view.chart("nothing")


def test_a_chart_is_drawn_once_for_the_same_trials(home: Path) -> None:
    add_sweep(home, "x", 8)
    view = Board(home).view("x")
    assert view.chart("history") is view.chart("history")
    assert view.chart("curves", 1) is not view.chart("curves", 2)


def test_of_many_trials_those_that_tell_something_are_drawn() -> None:
    records = trials(5000)
    shown = thinned(records)
    assert len(shown) < 1.5 * MOST
    numbers = [record.number for record in shown]
    assert numbers == sorted(numbers)
    best = best_of(records)
    assert best is not None
    assert best in shown
    assert set(best_so_far(records)[0]) <= set(numbers)
    assert records[-1] in shown
    assert thinned(records[:MOST]) == records[:MOST]


def test_a_chart_of_many_trials_says_that_not_all_are_shown() -> None:
    from support.made_up_trials import config

    block = make_chart("history", config(), trials(2000))
    assert "of 2000 trials" in block.caption
