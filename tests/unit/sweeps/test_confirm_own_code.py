"""A user's own model and data are confirmed with the copy that the sweep keeps, whatever became of the files."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.made_up_search import Recorder
from support.own_code import delete_code, write_own_code

from tuner.core import own_code
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.confirmation import Confirmation
from tuner.core.sweep_request import SweepRequest
from tuner.sweeps import api


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process: what was imported is unknown."""
    monkeypatch.setattr(own_code, "_held", {})
    monkeypatch.setattr(own_code, "_folders", {})
    own_code._module.cache_clear()


def confirm(name: str, seeds: int) -> tuple[Confirmation, list[str]]:
    told = Recorder()
    winner = api.confirm(name, ConfirmRequest(seeds=seeds), callbacks=[told]).winner
    assert winner
    assert winner.confirm
    return winner.confirm, [str(note) for note in told.notes]


def test_files_that_are_changed_or_gone_are_told_and_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_own_code(tmp_path)
    request = SweepRequest(dataset="my_data.py", model="my_model.py", max_epochs=2, cpus_per_trial=1)
    name = api.train(request).config.name
    for file in ("my_data.py", "my_model.py"):
        Path(file).write_text("raise RuntimeError('this is not the code that the sweep began with')\n")
    forget(monkeypatch)
    changed, notes = confirm(name, 2)
    assert changed.score
    assert [note for note in notes if "my_data.py" in note and "changed" in note]
    assert [note for note in notes if "my_model.py" in note and "changed" in note]
    delete_code(tmp_path)
    forget(monkeypatch)
    gone, notes = confirm(name, 3)
    assert gone.score
    assert gone.score.values[:2] == changed.score.values
    assert len(gone.score.values) == 3
    assert [note for note in notes if "my_model.py" in note and "no longer there" in note]
