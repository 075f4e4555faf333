"""The page of the sweeps of a cluster. Its head is a process of this machine: see `support.head_here`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from support.head_here import ADDRESS, HeadHere
from support.made_up_home import add_sweep, running
from support.processes import wait_until
from support.served import Client, served

from tuner.core.errors import TunerError
from tuner.core.sweep_folder import SweepFolder
from tuner.serving.board.app import make_app
from tuner.serving.board.board import Board
from tuner.serving.board.cluster import Cluster
from tuner.serving.board.commands import placed, run_command
from tuner.serving.board.settings import Settings
from tuner.serving.server import Server
from tuner.sweeps.mirror import Mirror

TOKEN = "the-token"


class Place(NamedTuple):
    """The head, and a client of the page."""

    head: HeadHere
    cluster: Cluster
    client: Client


@pytest.fixture
def head(tmp_path: Path) -> Iterator[HeadHere]:
    home = tmp_path / "head"
    add_sweep(home, "digits-cnn-1", 6)
    page = SweepFolder(home / "digits-cnn-1").report_page
    page.parent.mkdir()
    page.write_text("<p>the report")
    found = HeadHere(home)
    yield found
    found.end()


@pytest.fixture
def place(head: HeadHere, tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "mirror").mkdir()
    cluster = Cluster(head, Mirror(tmp_path / "mirror"))
    settings = Settings(home=cluster.mirror.home, token=TOKEN, cluster=ADDRESS)
    made = make_app(settings, None, cluster)
    cluster.begin()
    try:
        with served(made.app, TOKEN, Server(made.app, made.close)) as client:
            assert wait_until(lambda: cluster.complete), cluster.trouble
            yield Place(head, cluster, client)
    finally:
        cluster.close()
    assert all(each.wait(30) is not None for each in head.processes.values())


def test_its_sweeps_are_shown_and_its_reports_brought(place: Place) -> None:
    client, home = place.client, place.head.home
    row = client.get("/api/sweeps").json["rows"]["digits-cnn-1"]
    assert (row["state"], row["report"], row["trials"]) == ("paused", True, 6)
    assert client.get("/api/about").json["home"] == client.get("/api/about").json["cluster"] == ADDRESS
    assert client.get("/api/sweeps/digits-cnn-1/charts/history").json["charts"]
    assert client.get("/report/digits-cnn-1/").body == b"<p>the report"
    assert client.get("/ray/digits-cnn-1").headers["location"] == f"{ADDRESS}/#/jobs/tuner-digits-cnn-1"
    with running(home, "digits-cnn-1", live=[0]):
        assert wait_until(lambda: client.get("/api/sweeps").json["rows"]["digits-cnn-1"]["state"] == "running")
    add_sweep(home, "another", 2)
    assert wait_until(lambda: "another" in client.get("/api/sweeps").json["rows"])
    assert [words[1] for words in place.head.words] == ["--seconds", "--report"]


def test_what_is_done_is_done_there(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    client, done = place.client, []

    def run(words: list[str]) -> tuple[str, list[str]]:
        done.append(words)
        return '{"sweep": "new", "address": "http://head"}', []

    monkeypatch.setattr("tuner.serving.board.acting.run_command", run)
    monkeypatch.setattr("tuner.serving.board.commands.run_command", run)
    for verb in ("stop", "pause", "resume"):
        answer = client.post(f"/api/sweeps/digits-cnn-1/{verb}")
        assert answer.json == {"command": f"tuner {verb} digits-cnn-1 --address {ADDRESS}"}
        assert done.pop() == [verb, "digits-cnn-1", "--address", ADDRESS]
    assert "makes its report itself" in client.post("/api/sweeps/digits-cnn-1/report").json["error"]
    form = {"dataset": "digits", "models": ["cnn"]}
    command = f"tuner sweep digits cnn --address {ADDRESS}"
    assert client.post("/api/compose", form).json["command"] == command
    assert client.post("/api/start", form).json == {"command": command, "notes": [], "sweep": "new"}
    assert done.pop() == ["sweep", "digits", "cnn", "--address", ADDRESS, "--json"]
    assert client.post("/api/sweeps/nothing/stop").json["error"].startswith("unknown sweep 'nothing'")
    assert not done


def test_a_command_of_the_page_goes_to_that_cluster_and_to_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_ADDRESS", "http://another:1")
    with pytest.raises(TunerError, match=f"^{ADDRESS}: no Ray cluster answers there"):
        run_command(placed(ADDRESS, "stop", "x"))


@pytest.mark.parametrize("killed", [False, True])
def test_a_job_that_ends_is_followed_by_another_one(
    head: HeadHere, tmp_path: Path, killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it came to its end, only while somebody looks."""
    monkeypatch.setattr("tuner.serving.board.cluster.AGAIN_S", 0.1)
    (tmp_path / "mirror").mkdir()
    cluster = Cluster(head, Mirror(tmp_path / "mirror"), lease_s=1000 if killed else 1)
    looks = [killed]
    cluster.wanted = lambda: looks[0]
    cluster.begin()
    try:
        assert wait_until(lambda: cluster.complete)
        if killed:
            head.processes["1"].kill()
        assert wait_until(lambda: head.processes["1"].poll() is not None)
        assert len(head.words) == 1 or killed
        looks[0] = True
        assert wait_until(lambda: len(head.words) > 1)
        add_sweep(head.home, "another", 1)
        assert wait_until((tmp_path / "mirror" / "another" / "sweep.json").exists)
        assert not cluster.trouble
    finally:
        cluster.close()


class Deaf(HeadHere):
    """One that has ended."""

    def start(self, words: Sequence[str]) -> str:
        raise TunerError(f"{ADDRESS}: no Ray cluster answers there: connection refused")


def test_why_nothing_is_heard_is_said_and_the_page_goes_on(tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    cluster = Cluster(Deaf(tmp_path / "head"), Mirror(tmp_path / "mirror"))
    board = Board(cluster.mirror.home, cluster)
    cluster.begin()
    try:
        assert wait_until(lambda: bool(cluster.trouble))
        board.look()
        assert board.trouble == f"{ADDRESS}: no Ray cluster answers there: connection refused"
        assert not board.complete
    finally:
        cluster.close()


class Silent(HeadHere):
    """One whose first job is never heard, as when a connection is lost without a word."""

    def follow(self, job: str, line: Callable[[str], None]) -> str:
        return super().follow(job, (lambda _: None) if job == "1" else line)


def test_a_job_that_falls_silent_is_given_up(head: HeadHere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.serving.board.cluster.SILENCE_S", 1.0)
    monkeypatch.setattr("tuner.serving.board.cluster.AGAIN_S", 0.1)
    (tmp_path / "mirror").mkdir()
    silent = Silent(head.home)
    cluster = Cluster(silent, Mirror(tmp_path / "mirror"))
    cluster.begin()
    try:
        assert wait_until(lambda: cluster.trouble == f"nothing has come from {ADDRESS} for 1 s")
        monkeypatch.setattr("tuner.serving.board.cluster.SILENCE_S", 1000.0)
        assert wait_until(lambda: cluster.complete and not cluster.trouble)
        assert silent.processes["1"].wait(30) is not None
    finally:
        cluster.close()
        silent.end()
