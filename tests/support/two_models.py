"""A home with two finished trainings of one pair: what commands about finished sweeps are tried on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.small_trainings import PAIR, train, winner, write_table

FIRST, SECOND = f"{PAIR}-1", f"{PAIR}-2"


def make_two_models(folder: Path, database: Path) -> Path:
    """Trains FIRST and SECOND in `folder`; the first one is the champion. Returns their home."""
    home = folder / "runs"
    home.mkdir()
    shutil.copyfile(database, home / "mlflow.db")
    write_table(folder, 200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNER_HOME", str(home))
        patch.chdir(folder)
        for epochs in (4, 8):
            winner(train(epochs=epochs)[0])
            patch.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow itself sets it in this process
    return home
