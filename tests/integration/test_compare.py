"""`tuner compare` of a sweep that has run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.common import Command, Finished


@pytest.mark.proof
def test_a_real_sweep_is_compared_by_what_it_has_measured(tuner: Command, finished: Finished) -> None:
    done = tuner("compare", "digits", "--json", folder=finished.folder)
    assert (done.returncode, done.stderr) == (0, "")
    found, result = json.loads(done.stdout), finished.result
    [row] = found["pairs"]
    assert row == {
        "pair": "digits-cnn",
        "dataset": "digits",
        "model": "cnn",
        "sweep": "digits-cnn-1",
        "trials": 8,
        **{name: result["test"][name] for name in ("accuracy", "macro_f1", "roc_auc")},
        **result["cost"],
        "machine": row["machine"],
    }
    assert found["notes"] == []
    assert Path(found["picture"]) == finished.home / "pictures" / "compare-digits.png"
    assert Path(found["picture"]).read_bytes().startswith(b"\x89PNG")
