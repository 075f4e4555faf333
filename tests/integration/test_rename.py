"""`tuner rename`: the name of a sweep in its folder and in MLflow, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.common import Typed
from support.interruptions import killed_at
from support.small_trainings import PAIR, client, version
from support.two_models import FIRST, SECOND

from tuner import Sweep, TunerError
from tuner.core.config import SweepConfig
from tuner.core.result_file import read_result
from tuner.core.sweep_folder import SweepFolder, sweep_names
from tuner.sweeps import renaming
from tuner.sweeps.lock import lock_sweep
from tuner.sweeps.sync import sync_sweep
from tuner.tracking.store import Store

NEW = "a.better-name"


@pytest.fixture
def home(home: Path, trained: Path) -> Path:
    shutil.copytree(trained, home)
    return home


def runs(home: Path, uid: str) -> dict[str, dict[str, str]]:
    """The tags of a sweep's runs by their names."""
    mlflow = client(home)
    found = mlflow.get_experiment_by_name(PAIR)
    assert found
    every = mlflow.search_runs([found.experiment_id], f"tags.`tuner.uid` = '{uid}'")
    return {str(run.info.run_name): dict(run.data.tags) for run in every}


def is_renamed(home: Path, uid: str) -> None:
    """Asserts that the name is everywhere, and that all else is as it was."""
    assert sweep_names(home) == [NEW, SECOND]  # as old as before
    config = SweepConfig.load(home / NEW)
    assert (config.name, config.uid) == (NEW, uid)
    result = read_result(home / NEW)
    assert (result["sweep"], result["folder"].endswith(f"/{NEW}")) == (NEW, True)
    found = runs(home, uid)
    assert set(found) == {NEW, f"{NEW}-0000"}
    assert {tags["tuner.sweep"] for tags in found.values()} == {NEW}
    assert json.loads(found[NEW]["tuner.config"])["name"] == NEW
    assert version(home, 1).tags["tuner.sweep"] == NEW
    assert version(home, 2).tags["tuner.sweep"] == SECOND
    assert not (home / NEW / "renamed-from.json").exists()


def test_a_renamed_sweep_has_its_name_everywhere(home: Path, typed: Typed) -> None:
    uid = SweepConfig.load(home / FIRST).uid
    before = SweepConfig.load(home / FIRST)
    code, out, err = typed("rename", FIRST, NEW)
    assert (code, out) == (0, f"{FIRST} is {NEW} now\n")
    assert f"to make it again: tuner report {NEW}" in err
    is_renamed(home, uid)
    after = SweepConfig.load(home / NEW)
    assert {**vars(after), "name": FIRST} == vars(before)
    assert json.loads(typed("status", NEW, "--json")[1])["state"] == "finished"
    assert json.loads(typed("compare", "--json")[1])["pairs"][0]["sweep"] == NEW  # the champion
    assert typed("promote", NEW)[0] == 0
    assert str(sync_sweep(home / NEW, Store.of(home), print)) == f"{NEW}: everything is already in MLflow"
    subject = Sweep.open(NEW)
    subject.rename(FIRST)
    assert (subject.name, subject.folder) == (FIRST, home / FIRST)
    assert subject.best.parameters
    assert set(runs(home, uid)) == {FIRST, f"{FIRST}-0000"}


def test_what_cannot_be_renamed_stays_as_it_is(home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = SweepConfig.load(home / FIRST).uid

    def refused(*words: str) -> str:
        code, out, err = typed("rename", *words)
        assert (code, out, err.count("error: ")) == (2, "", 1)
        return err

    assert f"'{SECOND}' is taken: choose another name\n" in refused(FIRST, SECOND)
    assert f"'{FIRST}' is taken: choose another name\n" in refused(FIRST, FIRST)
    assert "error: 'a/b': use at most 100 letters" in refused(FIRST, "a/b")
    assert "unknown sweep 'missing'" in refused("missing", NEW)
    with lock_sweep(home / FIRST):
        assert f"{FIRST} is running: first end it" in refused(FIRST, NEW)
    config, result = SweepConfig.load(home / FIRST), SweepFolder(home / FIRST).result
    began = (home / FIRST / "sweep.json").stat().st_mtime_ns
    replace(config, storage="s3://bucket").save(home / FIRST)
    finished = result.read_text()
    result.write_text(json.dumps({**json.loads(finished), "model": None}))
    assert f"error: {FIRST} has checkpoints in s3://bucket under this name" in refused(FIRST, NEW)
    config.save(home / FIRST)
    os.utime(home / FIRST / "sweep.json", ns=(began, began))  # sweeps are listed by it
    result.write_text(finished)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home}/other.db")
    assert "was started with no MLFLOW_TRACKING_URI" in refused(FIRST, NEW)
    assert sweep_names(home) == [FIRST, SECOND]
    assert set(runs(home, uid)) == {FIRST, f"{FIRST}-0000"}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("place", "step"),
    [
        (renaming, "write_atomic"),
        (Path, "rename"),
        (SweepConfig, "save"),
        (os, "utime"),
        (renaming, "write_checked_json"),
        (renaming, "rename_runs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_same_command_finishes_what_was_interrupted(
    home: Path, typed: Typed, place: Any, step: str, *, after: bool
) -> None:
    uid = SweepConfig.load(home / FIRST).uid
    with killed_at(place, step, after=after):
        renaming.rename(FIRST, NEW, home)
    assert sorted(sweep_names(home)) in ([NEW, SECOND], [FIRST, SECOND])
    assert typed("rename", FIRST, NEW)[0] == 0
    is_renamed(home, uid)


def test_while_mlflow_is_away_the_folder_is_renamed_and_the_rest_later(
    home: Path, monkeypatch: pytest.MonkeyPatch, typed: Typed
) -> None:
    uid = SweepConfig.load(home / FIRST).uid

    def away(*_: object) -> int:
        raise ConnectionError("the server is away")

    with monkeypatch.context() as patch:
        patch.setattr(renaming, "rename_runs", away)
        patch.setattr(renaming, "retry", lambda action: action())
        code, out, err = typed("rename", FIRST, NEW)
        assert (code, out) == (1, "")
        assert f"to finish it: tuner rename {FIRST} {NEW}" in err
        with pytest.raises(TunerError, match="but not yet in MLflow: the server is away"):
            Sweep(FIRST, home / FIRST).rename(NEW)
    assert (sweep_names(home), set(runs(home, uid))) == ([NEW, SECOND], {FIRST, f"{FIRST}-0000"})
    Sweep(FIRST, home / FIRST).rename(NEW)
    is_renamed(home, uid)
