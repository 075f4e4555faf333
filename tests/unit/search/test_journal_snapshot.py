"""Large studies are opened from a snapshot, and hold what the journal holds, whatever a kill has left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import sleep
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial
from support.common import make_config
from support.made_up_search import begin, report_of, study_of

from tuner.core.config import SweepConfig
from tuner.core.trial_report import TrialReport
from tuner.search import journal_writer
from tuner.search.journal_snapshot import SUFFIX, read_snapshot
from tuner.search.schedulers.base import Decision
from tuner.search.study_reader import StudyReader

PARAMS: dict[str, Any] = {
    "optimizer": {"choices": ["sgd", "adam"]},
    "momentum": {"when": {"optimizer": "sgd"}, "low": 0.0, "high": 0.9},
    "lr": {"low": 1e-4, "high": 0.1, "log": True},
    "width": {"low": 8, "high": 64},
}


def config_of(**changes: Any) -> SweepConfig:
    values: dict[str, Any] = {"trials": 40, "epochs": 9, "concurrency": 3, "constraint": "val_loss<=0.9", "seed": 1}
    return make_config(**{**values, "space": {"epochs": 9, "params": PARAMS}, **changes})


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new trial is preceded by a snapshot."""
    monkeypatch.setattr(journal_writer, "LEAST", 0)
    monkeypatch.setattr(journal_writer, "GROWTH", 1.0)


def search(folder: Path, trials: int) -> None:
    """Some trials are pruned, some fail, some run out of memory, some are left as they run."""
    controller, study = begin(config_of(), folder)
    while study.count < trials and (drawn := controller.next_trial()):
        number, parameters = drawn
        for epoch in range(study.record(number).epoch + 1, 10):
            if number % 7 == 3:
                controller.on_report(number, TrialReport(error="it broke", details="", out_of_memory=number % 2 == 1))
                break
            if number % 11 == 5 and epoch == 2:
                break  # and its worker never reports again
            report = report_of(epoch, 0.3 + 0.01 * epoch + float(parameters["lr"]))
            if controller.on_report(number, report) is Decision.STOP:
                break


def trials_of(folder: Path) -> list[FrozenTrial]:
    """As the product reads them."""
    reader = StudyReader(folder / "study.log")
    reader.records()
    study = reader._study()
    assert study
    return study.get_trials()


def plain_trials_of(folder: Path) -> list[FrozenTrial]:
    """As Optuna reads them, of the journal alone."""
    storage = JournalStorage(JournalFileBackend(str(folder / "study.log")))
    return optuna.load_study(study_name="sweep", storage=storage).get_trials()


@pytest.mark.usefixtures("always")
def test_a_study_that_is_read_from_a_snapshot_and_the_rest_of_the_journal_is_the_same(tmp_path: Path) -> None:
    search(tmp_path, 25)
    snapshot = read_snapshot(tmp_path / "study.log")
    assert snapshot
    assert 0 < snapshot.covers < (tmp_path / "study.log").stat().st_size, "the last trials came later"
    assert len(snapshot.logs) < 40
    found, expected = trials_of(tmp_path), plain_trials_of(tmp_path)
    assert [vars(trial) for trial in found] == [vars(trial) for trial in expected]
    assert {trial.state.name for trial in found} >= {"COMPLETE", "FAIL", "RUNNING"}
    records = StudyReader(tmp_path / "study.log").records()
    assert study_of(config_of(), tmp_path).records() == records
    search(tmp_path, 32)  # a sweep that is resumed goes on from both
    assert [vars(trial) for trial in trials_of(tmp_path)] == [vars(trial) for trial in plain_trials_of(tmp_path)]
    assert len(trials_of(tmp_path)) == 32


@pytest.mark.usefixtures("always")
def test_one_that_is_torn_or_does_not_fit_the_journal_is_ignored(tmp_path: Path) -> None:
    search(tmp_path, 12)
    journal, file = tmp_path / "study.log", tmp_path / f"study.log{SUFFIX}"
    whole, expected = file.read_bytes(), StudyReader(journal).records()
    for broken in (b"", b"{}", whole[:50], whole[:-1], whole.replace(b"sgd", b"sge"), b"\xff" + whole):
        file.write_bytes(broken)
        assert read_snapshot(journal) is None
        assert StudyReader(journal).records() == expected
    file.write_bytes(whole)
    assert read_snapshot(journal)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0], *lines[2:]]))  # another journal
    assert read_snapshot(journal) is None
    journal.write_bytes(b"".join(lines[:3]))  # an earlier one
    assert read_snapshot(journal) is None


def test_a_small_study_has_none(tmp_path: Path) -> None:
    search(tmp_path, 12)
    assert not list(tmp_path.glob(f"*{SUFFIX}"))


@pytest.mark.usefixtures("always")
def test_where_it_cannot_be_written_the_search_goes_on(tmp_path: Path) -> None:
    (tmp_path / f"study.log{SUFFIX}").mkdir()
    search(tmp_path, 12)
    assert len(trials_of(tmp_path)) == 12


KILLED = """
import sys
from pathlib import Path
from tuner.search import journal_writer
journal_writer.LEAST, journal_writer.GROWTH = 0, 1.0
from unit.search.test_journal_snapshot import search
print("ready", flush=True)
search(Path(sys.argv[1]), 10_000)
"""


@pytest.mark.proof
def test_killed_at_any_moment_it_holds_what_the_journal_holds(tmp_path: Path) -> None:
    """With kill -9, ten times, in a process that writes a snapshot before each trial."""
    tests, known = Path(__file__).parents[2], 0
    for kill in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=tests
        )
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        sleep(0.1 + 0.037 * kill)
        process.kill()
        process.communicate()
        study_of(config_of(trials=10_000), tmp_path)  # drops a torn line
        found = trials_of(tmp_path)
        assert [vars(trial) for trial in found] == [vars(trial) for trial in plain_trials_of(tmp_path)]
        assert len(found) >= known
        known = len(found)
    assert known > 10
    assert read_snapshot(tmp_path / "study.log")
