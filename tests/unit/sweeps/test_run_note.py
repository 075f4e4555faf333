"""The description of a sweep's run in MLflow: of real trainings, in a real store."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from mlflow import MlflowClient
from support.common import read_runs
from support.made_up_home import add_sweep
from support.small_trainings import PAIR
from support.two_models import FIRST

from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.run_note import _plain, run_note
from tuner.tracking.artifacts import NOTE_TAG


def test_a_finished_sweep_says_what_was_found_and_shows_pictures_that_are_there(trained: Path) -> None:
    uri = f"sqlite:///{trained}/mlflow.db"
    [run] = [run for run in read_runs(uri, PAIR) if run.info.run_name == FIRST]
    note = run.data.tags[NOTE_TAG]
    assert "was trained" in note
    assert re.search(r"\| test accuracy \| 0\.\d+ ", note)
    assert f"    tuner best {FIRST}" in note
    addresses = re.findall(r"!\[.*?\]\((.*?)\)", note)
    assert len(addresses) >= 2
    there = {each.path for each in MlflowClient(uri).list_artifacts(run.info.run_id, "report")}
    for address in addresses:
        asked = parse_qs(urlsplit(address).query)
        assert asked["run_uuid"] == [run.info.run_id]
        assert asked["path"][0] in there


def test_a_sweep_that_goes_on_says_so(home: Path) -> None:
    add_sweep(home, "x", 6)
    note, pictures = run_note(SweepFolder(home / "x"))
    assert "is being tuned: 6 settings tried so far" in note
    assert not pictures


def test_names_are_no_markup() -> None:
    text = _plain("<img src=x> [a](http://x) `b` | *c* _d_\n# e")
    assert "\n" not in text
    assert not re.search(r"(?<!\\)[<>\[\]`|*_#]", text)
