"""Several processes at one sweep, or at the first of many, at the same time."""

from __future__ import annotations

import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from support.common import Start, make_config, wait_for_epochs
from support.processes import end

from faults.crowd import begin_at_once
from faults.inventory import inventory, lost_between
from faults.ledger import Ledger
from faults.races import begin_while_others_look, stop_as_it_begins
from tuner.core.claim import claim_folder
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.sweep_folder import sweep_names
from tuner.execution.ray_start import ensure_token, machine_lock
from tuner.search.study_reader import read_records
from tuner.tracking.score_tags import scores_in

TIMES = 30


def test_an_order_that_was_taken_is_obeyed_by_a_sweep_that_just_begins(sweep: Path) -> None:
    counts = stop_as_it_begins(sweep, TIMES)
    assert counts["ended"] == counts["obeyed"] == TIMES, counts


def test_those_who_look_whether_a_sweep_runs_do_not_keep_it_from_running(sweep: Path) -> None:
    assert begin_while_others_look(sweep, TIMES) == {"began": TIMES}


def claims(home: Path, *, fixed: bool) -> list[str]:
    """What ten configurations of the same name come to, which are claimed at the same time."""

    def one(number: int) -> str:
        config = replace(make_config(name="digits-cnn-1", seed=number), uid=f"{number:032}")
        try:
            config, folder = claim_folder(config, home, fixed=fixed)
        except TunerError as error:
            return str(error)
        assert SweepConfig.load(folder) == config
        return config.name

    with ThreadPoolExecutor(10) as pool:
        return sorted(pool.map(one, range(10)))


def test_of_ten_sweeps_of_one_name_one_goes_on(home: Path) -> None:
    home.mkdir()
    refused = ["--name 'digits-cnn-1' is taken: choose another"] * 9
    assert claims(home, fixed=True) == [*refused, "digits-cnn-1"]
    assert [path.name for path in home.iterdir()] == ["digits-cnn-1"]


def test_ten_sweeps_without_a_name_get_ten_names(home: Path) -> None:
    home.mkdir()
    assert claims(home, fixed=False) == sorted(f"digits-cnn-{n}" for n in range(1, 11))
    assert sorted(sweep_names(home)) == sorted(path.name for path in home.iterdir())


def test_a_sweep_that_was_killed_before_it_had_its_name_is_none(home: Path) -> None:
    make_config().save(home / ".0123")
    assert sweep_names(home) == []


def test_ten_first_sweeps_of_a_user_share_one_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Ray's own way, each would overwrite that of the one before."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    token = tmp_path / ".ray/auth_token"

    def read(_: int) -> str:
        ensure_token()
        return token.read_text()

    with ThreadPoolExecutor(10) as pool:
        tokens = set(pool.map(read, range(10)))
    assert len(tokens) == 1
    assert re.fullmatch("[0-9a-f]{64}", token.read_text())
    assert token.stat().st_mode & 0o777 == 0o600
    assert list(token.parent.iterdir()) == [token]


def test_what_is_done_in_turn_is_done_by_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    within, most = 0, 0

    def one(_: int) -> None:
        nonlocal within, most
        with machine_lock("something"), machine_lock("another thing"):
            within += 1
            most = max(most, within)
            time.sleep(0.01)
            within -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert most == 1


@pytest.mark.faults
@pytest.mark.proof
def test_ten_sweeps_at_once_in_an_empty_folder_all_end_with_all_they_have(
    start: Start, tmp_path: Path, ledger: Ledger
) -> None:
    counts = begin_at_once(start, tmp_path, 10, "--limit", "1400")  # enough to learn from, so that there is a champion
    ledger.enter("ten first sweeps begun at once in an empty folder", 10, counts.found)
    assert (counts.found.wrong, counts.refused) == ([], [])
    assert (counts.finished, counts.found.trials) == (10, 20)
    store = f"sqlite:///{tmp_path}/runs/mlflow.db"
    client = MlflowClient(store, store)
    versions = client.search_model_versions("name = 'digits-cnn'")
    assert len(versions) == 10
    scores = {str(each.version): score for each in versions for score in scores_in(each.tags).values()}
    assert len(scores) == 10
    assert len({data for each in versions for data in scores_in(each.tags)}) == 1
    assert any(score.better for score in scores.values())  # otherwise none becomes champion
    champion = client.get_model_version_by_alias("digits-cnn", "champion")
    assert scores[str(champion.version)].rank == max(score.rank for score in scores.values() if score.better)


@pytest.mark.faults
@pytest.mark.proof
def test_of_ten_sweeps_of_one_name_at_once_nine_are_refused_in_one_line(
    start: Start, tmp_path: Path, ledger: Ledger
) -> None:
    counts = begin_at_once(start, tmp_path, 10, "--name", "x")
    ledger.enter("ten sweeps of one name begun at once: nine are refused", 10, counts.found)
    assert counts.found.wrong == []
    assert (counts.finished, counts.found.trials) == (1, 2)
    assert len(counts.refused) == 9
    assert all(line.startswith("error: --name 'x' is taken: choose another") for line in counts.refused)
    assert all(line.count("\n") == 1 for line in counts.refused)


@pytest.mark.faults
@pytest.mark.proof
@pytest.mark.parametrize("later", [0.0, 6.0, 12.0])
def test_of_two_that_go_on_with_a_sweep_one_does_while_another_stops_it(
    start: Start, tmp_path: Path, ledger: Ledger, later: float
) -> None:
    size = ("--limit", "300", "--set", "width=0.25", "--trials", "6", "--max-epochs", "27")
    process = start("sweep", "digits", "cnn", *size, "--name", "x", folder=tmp_path)
    wait_for_epochs(tmp_path, 2, process)
    end(process, signal.SIGKILL)
    before = read_records(tmp_path / "runs/x/study.log")
    going = [start("resume", "x", folder=tmp_path) for _ in range(2)]
    time.sleep(later)  # the sweep does not run yet, or begins, or trains
    stopping = start("stop", "x", folder=tmp_path)
    ends = [(each.communicate(timeout=300)[1], each.returncode) for each in (*going, stopping)]
    (refused, code), (said, won) = sorted(ends[:2], key=lambda end: -end[1])
    assert (won, code) == (0, 2), ends
    assert refused == "error: the sweep x is running in another process\n"
    assert "registered" in ends[2][0] or (ends[2][1] == 2 and ends[2][0].count("\n") == 1), ends[2]
    assert "Traceback" not in said
    records = read_records(tmp_path / "runs/x/study.log")
    found = inventory(tmp_path / "runs", "x", len(records)) + lost_between(before, records)
    ledger.enter("two `tuner resume` and a `tuner stop` of one sweep at once", 1, found)
    assert found.wrong == []
