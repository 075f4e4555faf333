"""Real trainings that confirm a winner: with other seeds, on other splits, tested or not, and registered once."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from support.common import Typed, read_runs
from support.small_trainings import PAIR, client, train, winner, write_table

from tuner.core.errors import TunerError
from tuner.core.outcome import Outcome, read_result
from tuner.sweeps import api

SET_BY_OURSELVES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
NAME = f"{PAIR}-1"


@pytest.fixture(autouse=True)
def trained(tmp_path: Path, home: Path, database: Path) -> Outcome:
    """A single training on a small table."""
    home.mkdir()
    shutil.copyfile(database, home / "mlflow.db")
    write_table(tmp_path, 60, 60)
    outcome = train(epochs=3)[0]
    for name in SET_BY_OURSELVES:
        os.environ.pop(name, None)
    return outcome


def test_the_mean_is_over_the_new_seeds_alone_and_each_repeats_a_training(
    trained: Outcome, home: Path, typed: Typed
) -> None:
    code, out, err = typed("confirm", NAME, "--seeds", "3", "--json")
    assert code == 0, err
    print(out, err)
    result = read_result(home / NAME)
    print(json.dumps(result["confirm"], indent=1))
