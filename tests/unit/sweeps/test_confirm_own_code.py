"""A user's own model and data are confirmed with the copy that the sweep keeps, whatever became of the files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.made_up_search import Recorder
from support.own_code import delete_code, write_own_code

from tuner.core import own_code
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.sweep_request import SweepRequest
from tuner.sweeps import api


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process: what was imported is unknown, and MLflow has set no address."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        os.environ.pop(name, None)
    monkeypatch.setattr(own_code, "_held", {})
    monkeypatch.setattr(own_code, "_folders", {})
    own_code._module.cache_clear()


def test_files_that_are_changed_or_gone_are_told_and_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_own_code(tmp_path)
    request = SweepRequest(dataset="my_data.py", model="my_model.py", max_epochs=2, cpus_per_trial=1)
    name = api.train(request).config.name
    delete_code(tmp_path)
    Path("my_model.py").write_text("raise RuntimeError('this is not the code that the sweep began with')\n")
    forget(monkeypatch)
    told = Recorder()
    winner = api.confirm(name, ConfirmRequest(seeds=2), callbacks=[told]).winner
    assert winner
    assert winner.confirm
    assert winner.confirm.score
    assert len(winner.confirm.score.values) == 2
    notes = [str(note) for note in told.notes]
    assert [note for note in notes if "my_data.py, points.py no longer there" in note]
    assert [note for note in notes if "my_model.py changed" in note]
