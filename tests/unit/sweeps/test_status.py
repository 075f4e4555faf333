"""The state of a sweep: what is read for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config
from support.made_up_trials import record

from tuner.core import confirmation, result_file
from tuner.core.confirmation import ConfirmPlan
from tuner.core.files import read_checked_json, write_checked_json
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.sweep_reader import SweepReader


def test_a_look_at_a_sweep_reads_each_file_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = SweepFolder(home / "x")
    folder.path.mkdir(parents=True)
    make_config(name="x").save(folder.path)
    write_checked_json(folder.result, {"unsent": "MLflow did not answer", "test": {"accuracy": 0.9}})
    ConfirmPlan.of([record(0, "COMPLETE", [0.9])], [1, 2], reshuffle=False, test="winner").save(folder)
    reads: Counter[str] = Counter()

    def counted(path: Path) -> Any:
        reads[path.name] += 1
        return read_checked_json(path)

    for module in (result_file, confirmation):
        monkeypatch.setattr(module, "read_checked_json", counted)
    status = SweepReader("x", home).status()
    assert (status.state, status.test_score, status.confirm_states["queued"]) == ("crashed", 0.9, 2)
    assert reads == {"result.json": 1, "plan.json": 1}
