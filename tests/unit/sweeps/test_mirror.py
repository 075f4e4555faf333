"""What a head tells of its sweeps, and the folder that another machine makes of it: it reads the same there."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.made_up_home import add_sweep, add_three_sweeps, running

from tuner.core.errors import TunerError
from tuner.core.sweep_folder import SweepFolder, sweep_names
from tuner.search.journal import Journal
from tuner.sweeps import changes
from tuner.sweeps.changes import Changes, report_lines, tell
from tuner.sweeps.lock import Order, give_order, is_running
from tuner.sweeps.mirror import Mirror
from tuner.sweeps.state_files import state_files
from tuner.sweeps.status import Status
from tuner.sweeps.sweep_reader import SweepReader, all_statuses


class Pair:
    """A home, and its mirror."""

    def __init__(self, home: Path, there: Path) -> None:
        self.home = home
        self.changes = Changes(home)
        there.mkdir()
        self.mirror = Mirror(there)

    def look(self) -> list[dict[str, Any]]:
        lines = list(self.changes.look())
        for line in lines:
            self.mirror.hear(json.dumps(line))
        return lines

    def statuses(self, home: Path) -> list[Status]:
        found, damaged = all_statuses(home)
        assert not damaged
        return [replace(each, seconds=None, summary=replace(each.summary, left=None)) for each in found]

    def check(self) -> None:
        """Both are the same."""
        assert sweep_names(self.mirror.home) == sweep_names(self.home)
        assert self.statuses(self.mirror.home) == self.statuses(self.home)
        for name in sweep_names(self.home):
            assert SweepReader(name, self.mirror.home).live_records() == SweepReader(name, self.home).live_records()
            for path in state_files(SweepFolder(self.home / name)):
                other = self.mirror.home / path.relative_to(self.home)
                assert other.exists() == path.exists()
                if path.exists() and path.name != "report.html":
                    assert other.read_bytes() == path.read_bytes()


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    (tmp_path / "home").mkdir()
    return Pair(tmp_path / "home", tmp_path / "there")


def test_nothing_is_nothing(pair: Pair) -> None:
    assert pair.look() == [{"names": []}]
    assert pair.look() == []
    pair.check()


def test_all_that_the_state_is_read_from_is_there_and_follows(pair: Pair) -> None:
    add_three_sweeps(pair.home, 9)
    pair.look()
    pair.check()
    assert pair.look() == []
    with running(pair.home, "digits-cnn-1", live=[2]):
        give_order(pair.home / "digits-cnn-1", Order.STOP)
        lines = pair.look()
        assert {line["sweep"] for line in lines} == {"digits-cnn-1"}
        assert is_running(pair.mirror.home / "digits-cnn-1")
        assert SweepReader("digits-cnn-1", pair.mirror.home).status().state == "stopping"
        pair.check()
    pair.look()
    pair.check()
    pair.mirror.close()


def test_of_a_study_that_grows_only_what_is_new_is_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "PIECE", 1000)
    add_sweep(pair.home, "x", 6)
    assert len(pair.look()) > 10  # pieces
    pair.check()
    journal = SweepFolder(pair.home / "x").journal
    before = journal.stat().st_size
    Journal(journal).append_logs([{"op_code": 2, "worker_id": "", "study_id": 0, "user_attr": {"k": 1}}])
    lines = pair.look()
    assert [(line["file"], line["at"]) for line in lines] == [("study.log", before)]
    pair.check()


def test_what_is_told_again_changes_nothing(pair: Pair) -> None:
    add_three_sweeps(pair.home, 5)
    pair.look()
    before = {path: path.stat() for path in pair.mirror.home.rglob("*")}
    pair.changes = Changes(pair.home)
    assert len(pair.look()) > 3
    pair.check()
    for path in pair.mirror.home.rglob("*.*"):
        assert path.stat().st_ino == before[path].st_ino
        assert path.stat().st_mtime_ns == before[path].st_mtime_ns


def test_a_sweep_that_is_deleted_or_is_another_one_now(pair: Pair) -> None:
    add_three_sweeps(pair.home, 5)
    pair.look()
    shutil.rmtree(pair.home / "digits-cnn-1")
    pair.look()
    pair.check()
    add_sweep(pair.home, "digits-cnn-1", 2)
    (pair.home / "digits-cnn-2").rename(pair.home / "other")
    pair.look()
    pair.check()


def test_a_report_is_told_when_it_is_asked_for(pair: Pair) -> None:
    add_sweep(pair.home, "x", 3)
    page = SweepFolder(pair.home / "x").report_page
    page.parent.mkdir()
    page.write_text("<p>" + "much of it " * 300_000)
    (page.parent / "history.png").write_bytes(b"png")
    (page.parent / "link.json").symlink_to(pair.home / "x" / "sweep.json")
    pair.look()
    mirrored = SweepFolder(pair.mirror.home / "x").report_page
    assert mirrored.read_bytes() == b""
    for line in report_lines(pair.home, "x"):
        pair.mirror.hear(json.dumps(line))
    assert mirrored.read_bytes() == page.read_bytes()
    assert sorted(path.name for path in mirrored.parent.iterdir()) == ["history.png", "report.html"]
    pair.changes = Changes(pair.home)
    pair.look()
    assert mirrored.stat().st_size  # it is the same one
    page.write_text("another one")
    pair.look()
    assert mirrored.read_bytes() == b""


@pytest.mark.parametrize(
    ("sweep", "file"),
    [
        ("..", "study.log"),
        ("../x", "study.log"),
        ("/tmp/x", "study.log"),
        ("artifacts", "study.log"),
        ("x", "../../study.log"),
        ("x", "/tmp/study.log"),
        ("x", "model/model.json"),
        ("x", "report/../study.txt"),
        ("x", "report/deep/study.txt"),
        ("x", "report/.."),
    ],
)
def test_a_head_can_write_no_other_file(pair: Pair, sweep: str, file: str) -> None:
    before = sorted(pair.home.parent.rglob("*"))
    line = {"sweep": sweep, "file": file, "at": 0, "data": "", "last": True, "time": 1}
    with pytest.raises(TunerError):
        pair.mirror.hear(json.dumps(line))
    assert sorted(pair.home.parent.rglob("*")) == before


PIECE = {"sweep": "x", "file": "order", "at": 0, "data": "", "last": True, "time": 1}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "{",
            "[]",
            "{}",
            '{"names": 3}',
            '{"names": [[]]}',
            '{"now": "x"}',
            '{"sweep": "x", "file": "study.log"}',
        ),
        json.dumps({**PIECE, "time": 10**30}),
        json.dumps({**PIECE, "sweep": "x\0"}),
        json.dumps({**PIECE, "at": -1, "data": "eJwDAAAAAAE="}),
        json.dumps({**PIECE, "data": "no base64!"}),
        json.dumps({**PIECE, "data": "AAAA"}),
    ],
)
def test_what_is_no_line_is_refused(pair: Pair, text: str) -> None:
    with pytest.raises(TunerError, match="no line about sweeps"):
        pair.mirror.hear(text)


def test_a_piece_that_leaves_a_gap_is_refused(pair: Pair) -> None:
    line = {"sweep": "x", "file": "study.log", "at": 7, "data": "", "last": True, "time": 1}
    with pytest.raises(TunerError, match="does not reach to byte 7"):
        pair.mirror.hear(json.dumps(line))


def test_it_says_up_to_when_all_is_told(pair: Pair) -> None:
    add_sweep(pair.home, "x", 2)
    assert pair.mirror.now == 0
    lines: list[dict[str, Any]] = []
    tell(pair.home, lines.append, seconds=0.01)
    for line in lines:
        pair.mirror.hear(json.dumps(line))
    assert "now" in lines[-1]
    assert pair.mirror.now > 1.6e9
    pair.check()
