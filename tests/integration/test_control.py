"""A sweep in the background: looked at, paused, gone on with and stopped by other processes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from socket import gethostname
from typing import Any

import pytest
from support.common import Command, Finished, Typed, read_runs, read_study
from support.processes import wait_until

from tuner.core.errors import TunerError
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.search.study_reader import read_records
from tuner.sweeps import lock
from tuner.sweeps.lock import Order, is_running, last_driver, lock_sweep
from tuner.sweeps.logs import events
from tuner.sweeps.sweep_reader import SweepReader

LONG = ("sweep", "digits", "cnn", "--trials", "40", "--max-epochs", "27", "--name", "x")


def wait(folder: Path, state: str) -> dict[str, Any]:
    """The status of the sweep x, once it is in that state, or has left the ones that come before it."""
    watch = SweepReader("x", folder / "runs")

    def reached() -> dict[str, Any] | None:
        now = watch.status()
        return now.to_json() if now.state == state or not now.running else None

    found = wait_until(reached)
    assert found
    return found


def wait_for_record(folder: Path, enough: Callable[[list[TrialRecord]], bool]) -> None:
    """Until the study of the sweep x, which has to be running, has enough."""

    def reached() -> bool:
        if enough(read_records(folder / "runs/x/study.log")):
            return True
        assert is_running(folder / "runs/x")
        return False

    assert wait_until(reached)


def test_a_folder_is_held_by_one_process_and_says_by_which(sweep: Path) -> None:
    assert not is_running(sweep)
    assert last_driver(sweep) is None
    with lock_sweep(sweep) as locked:
        assert is_running(sweep)
        with pytest.raises(TunerError, match=r"^the sweep demo is running in another process$"), lock_sweep(sweep):
            pass
        locked.note_live({3, 1})
        driver = last_driver(sweep)
        assert driver is not None
        assert (driver.pid, driver.live, driver.ended) == (os.getpid(), (1, 3), False)
    assert not is_running(sweep)
    driver = last_driver(sweep)
    assert driver is not None
    assert (driver.live, driver.ended) == ((), True)


def test_which_trials_have_a_worker_is_not_written_for_each_of_many_short_ones(
    sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noted() -> tuple[int, ...]:
        driver = last_driver(sweep)
        assert driver is not None
        return driver.live

    with lock_sweep(sweep) as locked:
        monkeypatch.setattr(lock, "APART_S", 3600.0)
        locked.note_live({1})
        assert noted() == ()
        monkeypatch.setattr(lock, "APART_S", 0.0)
        locked.note_live({1})  # it comes again, and is not lost
        assert noted() == (1,)


def test_an_order_is_there_until_it_is_cleared_and_the_last_one_counts(sweep: Path) -> None:
    assert lock.current_order(sweep) is None
    lock.give_order(sweep, Order.PAUSE)
    lock.give_order(sweep, Order.STOP)
    assert lock.current_order(sweep) is Order.STOP
    lock.clear_order(sweep)
    lock.clear_order(sweep)
    assert lock.current_order(sweep) is None
    SweepFolder(sweep).order.write_text("nonsense")
    assert lock.current_order(sweep) is None


def test_the_state_follows_from_the_folder(sweep: Path, home: Path) -> None:
    watch = SweepReader("demo", home)

    def state() -> tuple[str, str]:
        now = watch.status()
        return now.state, now.reason

    assert state() == ("crashed", "")  # it was killed before it began
    with lock_sweep(sweep):
        assert state() == ("running", "")
        lock.give_order(sweep, Order.STOP)
        assert state() == ("stopping", "")
        lock.give_order(sweep, Order.PAUSE)
        assert state() == ("pausing", "")
    assert state() == ("paused", "")
    (sweep / "error.txt").write_text("Traceback\n  somewhere\nOSError: it broke\n")
    assert state() == ("failed", "OSError: it broke")
    (sweep / "result.json").write_text("{}")
    assert state() == ("finished", "")


def test_the_events_of_a_sweep_are_told_from_its_study(finished: Finished) -> None:
    records = read_records(finished.sweep / "study.log")
    told = events(records)
    assert len(told) == 2 * len(records) + sum(len(record.metrics) for record in records)
    assert [event.time for event in told] == sorted(event.time for event in told)
    for record in records:
        of_trial = [event.text for event in told if event.trial == record.number]
        assert of_trial[0].startswith("begins: batch_size=")
        assert [text.split()[1] for text in of_trial[1:-1]] == [str(epoch) for epoch in sorted(record.metrics)]
        assert of_trial[-1].startswith({"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}[record.state])
    assert any(event.text.startswith("failed: train_loss is nan") or "is inf" in event.text for event in told)


def test_logs_and_status_of_a_finished_sweep(tuner: Command, finished: Finished) -> None:
    name = finished.sweep.name
    shown = tuner("logs", name, folder=finished.folder)
    assert shown.returncode == 0
    assert shown.stdout.count("\n") == len(events(read_records(finished.sweep / "study.log")))
    one = tuner("logs", name, "--trial", "0", "--follow", folder=finished.folder)
    assert {line.split("  ")[1] for line in one.stdout.splitlines()} == {"trial 0"}
    missing = tuner("logs", name, "--trial", "99", folder=finished.folder)
    assert (missing.returncode, missing.stderr) == (2, f"error: --trial 99: {name} has 8 trials so far, from 0 on\n")
    [status] = json.loads(tuner("status", "--json", folder=finished.folder).stdout)
    assert (status["sweep"], status["state"], status["seconds_left"]) == (name, "finished", None)
    assert sum(status["trials"].values()) == 8
    assert status["best"]["trial"] == finished.result["best"]["trial"]
    for verb in ("stop", "pause"):
        refused = tuner(verb, name, folder=finished.folder)
        assert refused.returncode == 2
        assert refused.stderr.startswith(f"error: the sweep {name} is not running: it is finished")


@pytest.mark.proof
def test_a_sweep_in_the_background_is_paused_gone_on_with_and_stopped(tuner: Command, tmp_path: Path) -> None:
    begun = tuner(*LONG, "--detach", "--json", folder=tmp_path)
    assert begun.returncode == 0, begun.stderr
    assert json.loads(begun.stdout)["sweep"] == "x"
    assert "tuner stop x" in begun.stderr
    try:
        wait_for_record(tmp_path, bool)
        assert wait(tmp_path, "running")["state"] == "running"
        assert tuner("pause", "x", folder=tmp_path).returncode == 0
        assert wait(tmp_path, "paused")["state"] == "paused"
        found = read_runs(f"sqlite:///{tmp_path}/runs/mlflow.db", "digits-cnn")
        assert "RUNNING" not in {run.info.status for run in found}
        before = {trial.number: trial.intermediate_values for trial in read_study(tmp_path / "runs/x").trials}

        assert tuner("resume", "x", "--detach", folder=tmp_path).returncode == 0
        epochs = sum(map(len, before.values()))
        wait_for_record(tmp_path, lambda records: sum(len(record.values) for record in records) > epochs + 1)
        assert tuner("stop", "x", folder=tmp_path).returncode == 0
        ended = wait(tmp_path, "finished")
    finally:
        if is_running(tmp_path / "runs/x"):
            tuner("stop", "x", "--now", folder=tmp_path)
    assert ended["state"] == "finished", (tmp_path / "runs/x/output.txt").read_text()
    trials = read_study(tmp_path / "runs/x").trials
    assert len(trials) < 40
    assert {trial.state.name for trial in trials} <= {"COMPLETE", "PRUNED"}
    assert all(trials[number].intermediate_values.items() >= values.items() for number, values in before.items())
    result = json.loads((tmp_path / "runs/x/result.json").read_text())
    assert result["model"]["uri"] == "models:/digits-cnn@champion"
    found = read_runs(f"sqlite:///{tmp_path}/runs/mlflow.db", "digits-cnn")
    assert {run.info.status for run in found} <= {"FINISHED", "KILLED"}
    assert len(found) == len(trials) + 1


@pytest.mark.proof
def test_a_training_that_is_stopped_at_once_has_no_model_and_can_be_gone_on_with(
    tuner: Command, tmp_path: Path
) -> None:
    arguments = ("train", "digits", "cnn", "--epochs", "2000", "--cpus", "1", "--name", "x", "--detach")
    assert tuner(*arguments, folder=tmp_path).returncode == 0
    wait_for_record(tmp_path, lambda records: any(record.values for record in records))
    done = tuner("stop", "x", "--now", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "tuner resume x" in done.stderr
    assert wait(tmp_path, "paused")["state"] in ("paused", "crashed")
    assert not (tmp_path / "runs/x/model").exists()


def test_a_process_of_another_machine_gets_no_signal(
    sweep: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes may share a disk, and a process here may have the number of the one there."""
    with lock_sweep(sweep):
        monkeypatch.setattr(lock, "gethostname", lambda: "login")
        code, _, err = typed("stop", "demo", "--now")
    assert code == 2
    assert err == f"error: demo runs on {gethostname()}: leave out --now, or type this there\n"
