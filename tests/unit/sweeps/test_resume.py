"""Before a sweep is resumed its checkpoints are compared with the study, without a look into each of thousands."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import torch
from support.common import make_config
from support.made_up_search import report_of, study_of

from tuner.core.sweep_folder import checkpoint_folder
from tuner.search.study import Study
from tuner.sweeps import resume
from tuner.sweeps.resume import CLOCKS_S, repair_folder
from tuner.training.checkpoint import CHECKPOINT_FILE, latest_epoch

AHEAD = "trial {} starts again: its checkpoint has more epochs than the study"


def sweep(folder: Path, checkpoints: dict[int, int]) -> Study:
    """Trials of which the study knows one epoch, with checkpoints of these epochs."""
    study = study_of(make_config(), folder)
    for number, epoch in checkpoints.items():
        assert study.ask()[0] == number
        study.report(number, report_of(1, 0.5).metrics)
        place = checkpoint_folder(folder / "trials", number)
        place.mkdir(parents=True)
        torch.save({"metrics": {"epoch": epoch}, "model": {}}, place / CHECKPOINT_FILE)
    return study


def written(folder: Path, number: int, ago: float) -> None:
    file = checkpoint_folder(folder / "trials", number) / CHECKPOINT_FILE
    os.utime(file, (time.time() - ago,) * 2)


def test_a_checkpoint_ahead_of_the_study_is_found_also_if_clocks_are_apart(tmp_path: Path) -> None:
    study = sweep(tmp_path, {0: 1, 1: 2, 2: 3, 3: 9})
    written(tmp_path, 3, CLOCKS_S / 2)
    assert repair_folder(study, tmp_path) == [AHEAD.format(2), AHEAD.format(3)]
    assert [place.name for place in sorted((tmp_path / "trials").iterdir())] == ["0000", "0001"]


def test_those_from_long_before_the_last_word_of_the_study_are_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = sweep(tmp_path, dict.fromkeys(range(6), 1))
    for number in range(4):
        written(tmp_path, number, 2 * CLOCKS_S)
    (tmp_path / "trials" / "0007").mkdir()
    opened: list[str] = []

    def latest(place: Path) -> int:
        opened.append(place.name)
        return latest_epoch(place)

    monkeypatch.setattr(resume, "latest_epoch", latest)
    assert repair_folder(study, tmp_path) == [AHEAD.format(7)]
    assert opened == ["0004", "0005"]
