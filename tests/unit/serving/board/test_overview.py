"""The list of all sweeps: what it shows, and that it reads only what has changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.made_up_home import add_sweep, run, running
from support.made_up_search import begin

from tuner.core.sweep_folder import SweepFolder
from tuner.search.study_reader import StudyReader
from tuner.serving.board.feed import GONE, Feed
from tuner.serving.board.overview import Overview


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The sweeps whose studies were read since the last call."""
    seen: list[str] = []
    records = StudyReader.records

    def spy(self: StudyReader) -> object:
        if self._journal.parent.name not in ("confirm", "refit"):
            seen.append(self._journal.parent.name)
        return records(self)

    monkeypatch.setattr(StudyReader, "records", spy)

    def take() -> list[str]:
        taken = sorted(set(seen))
        seen.clear()
        return taken

    return take


def test_a_feed_tells_what_is_new_and_what_is_gone() -> None:
    feed = Feed()
    assert [feed.put("a", 1), feed.put("b", 2), feed.put("a", 1), feed.put("a", 3)] == [True, True, False, True]
    changed, version = feed.since(0)
    assert (changed, version) == ({"a": 3, "b": 2}, 3)
    feed.keep(["a"])
    assert feed.since(version) == ({"b": GONE}, 4)
    assert feed.values() == {"a": 3}
    feed.put("b", 2)
    assert feed.since(4) == ({"b": 2}, 5)


def test_each_sweep_is_read_once_and_again_when_it_has_changed(home: Path, reads: Callable[[], list[str]]) -> None:
    for name in ("a", "b", "c"):
        add_sweep(home, name, 4)
    overview = Overview(home)
    overview.look()
    assert reads() == ["a", "b", "c"]
    assert set(overview.rows.values()) == {"a", "b", "c"}
    version = overview.rows.version
    overview.look()
    assert (reads(), overview.rows.version) == ([], version)
    with running(home, "b"):
        overview.look()
        assert reads() == ["b"]
        assert overview.rows.since(version)[0].keys() == {"b"}
        assert overview.rows.values()["b"]["state"] == "running"
    overview.look()
    assert reads() == ["b"]
    assert overview.rows.values()["b"]["state"] == "paused"


def test_a_look_ends_in_time_and_the_next_one_goes_on_with_the_newest_first(home: Path) -> None:
    for name in ("old", "newer", "newest"):
        add_sweep(home, name, 2)
    overview = Overview(home)
    overview.look(most=-1.0)  # no time at all
    assert not overview.complete
    assert not overview.rows.values()
    overview.look()
    assert overview.complete
    assert list(overview.rows.values()) == ["newest", "newer", "old"]


def test_a_row_says_where_a_sweep_stands(home: Path) -> None:
    config = add_sweep(home, "x", 6)
    with running(home, "x", live=[2], samples=400):
        overview = Overview(home)
        overview.look()
        row = overview.rows.values()["x"]
    assert (row["state"], row["subject"], row["typed"]) == ("running", "cnn on digits", ["digits", "cnn"])
    assert row["counts"]["running"] == 1
    assert row["trials"] == config.trials == sum(row["counts"].values())
    assert 0 < row["progress"] < 1
    low, high = (float(each) for each in row["best"]["text"].partition("(")[2].rstrip(")").split(" to "))
    assert low < row["best"]["score"] < high
    assert "400 validation samples" in row["best"]["error"]
    assert row["best"]["parameters"].keys() >= {"lr", "dropout"}


def test_the_dashboard_of_a_sweep_is_known_as_long_as_it_runs(home: Path) -> None:
    add_sweep(home, "x", 2)
    overview = Overview(home)
    with running(home, "x") as lock:
        lock.note(dashboard="http://127.0.0.1:8265")
        overview.look()
        assert overview.rows.values()["x"]["dashboard"] == "http://127.0.0.1:8265"
    overview.look()
    assert overview.rows.values()["x"]["dashboard"] == ""


def test_a_damaged_sweep_is_a_row_that_says_so_and_costs_no_other(home: Path) -> None:
    add_sweep(home, "good", 2)
    add_sweep(home, "bad", 2)
    lines = SweepFolder(home / "bad").journal.read_bytes().splitlines(keepends=True)
    SweepFolder(home / "bad").journal.write_bytes(b"".join([lines[0], b"nonsense\n", *lines[1:]]))
    overview = Overview(home)
    overview.look()
    rows = overview.rows.values()
    assert "is damaged" in rows["bad"]["damaged"]
    assert rows["good"]["state"] == "paused"


def test_deleted_and_renamed_sweeps_leave_the_list(home: Path) -> None:
    add_sweep(home, "a", 2)
    add_sweep(home, "b", 2)
    overview = Overview(home)
    overview.look()
    version = overview.rows.version
    shutil.rmtree(home / "a")
    (home / "b").rename(home / "c")
    overview.look()
    changed, _ = overview.rows.since(version)
    assert changed.keys() == {"a", "b", "c"}
    assert (changed["a"], changed["b"]) == (GONE, GONE)
    assert changed["c"]["name"] == "c"


def test_a_running_sweep_is_read_on_where_it_was(home: Path) -> None:
    add_sweep(home, "x", 3, trials=8)
    overview = Overview(home)
    with running(home, "x"):
        overview.look()
        before = overview.reader("x")
        run(begin(before.config, home / "x")[0], 8)
        overview.look()
        assert overview.reader("x") is before
        assert overview.rows.values()["x"]["epochs"] > 3
