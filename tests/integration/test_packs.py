"""A sweep in packs, from the command line: it is killed, stopped by Ctrl-C, and goes on."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from support.common import Command, Start, read_study, wait_for_epochs

ARGUMENTS = ("sweep", "breast_cancer", "mlp", "--trials", "8", "--scheduler", "none", "--epochs", "40", "--pack", "4")


def epochs(folder: Path) -> dict[int, dict[int, float]]:
    return {trial.number: dict(trial.intermediate_values) for trial in read_study(folder / "runs/x").trials}


def test_a_killed_and_then_interrupted_sweep_in_packs_goes_on_and_loses_no_epoch(
    tuner: Command, start: Start, tmp_path: Path
) -> None:
    process = start(*ARGUMENTS, "--name", "x", "--json", folder=tmp_path)
    wait_for_epochs(tmp_path, 12, process)
    process.kill()
    process.communicate()
    before = epochs(tmp_path)
    process = start("resume", "x", "--json", folder=tmp_path)
    wait_for_epochs(tmp_path, sum(map(len, before.values())) + 40, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGINT, err
    assert json.loads(out)["finished"] is False
    middle = epochs(tmp_path)
    done = tuner("resume", "x", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["finished"] is True
    after = epochs(tmp_path)
    assert {number: len(values) for number, values in after.items()} == dict.fromkeys(range(8), 40)
    for earlier in (before, middle):
        assert all(values.items() <= after[number].items() for number, values in earlier.items())
