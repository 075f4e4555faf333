"""Sweeps that are killed while they train their best trials again."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.common import Command, Start
from support.processes import end, wait_until
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.search.study_reader import read_records
from tuner.sweeps.status import Status
from tuner.sweeps.sweep_reader import SweepReader


@dataclass(frozen=True)
class Resumed:
    """A sweep that was killed then, and is finished now."""

    folder: SweepFolder
    killed: Status
    """How it stood after the kill."""
    after: list[TrialRecord]
    """The trainings with other seeds, or on folds."""
    result: dict[str, Any]
    """Its --json."""
    err: str


def kill_and_resume(
    start: Start, tuner: Command, where: Path, *options: str, part: str = "confirmation", epochs: int = 2
) -> Resumed:
    """Kills a sweep x of digits-cnn as soon as so many epochs of these trainings are known, and resumes it.

    The search is over by then and stays as it was, and no epoch of these trainings is lost. `part` is that of the
    sweep's folder which they are in.
    """
    where.mkdir(exist_ok=True)
    folder = SweepFolder(where / "runs" / "x")
    extra = getattr(folder, part)
    process = start("sweep", "digits", "cnn", "--set", "width=0.5", "--name", "x", *options, folder=where)

    def known() -> int:
        return sum(record.epoch for record in read_records(extra.journal)) if extra.journal.exists() else 0

    wait_until(lambda: known() >= epochs, process, poll=0.05)
    end(process, signal.SIGKILL)
    searched, before = read_records(folder.journal), read_records(extra.journal)
    assert all(record.ended for record in searched)
    killed = SweepReader("x", where / "runs").status()
    assert killed.state == "crashed"
    done = tuner("resume", "x", "--json", folder=where)
    assert done.returncode == 0, done.stderr
    assert read_records(folder.journal) == searched
    after = read_records(extra.journal)
    for record in before:
        assert record.metrics.items() <= after[record.number].metrics.items()
    return Resumed(folder, killed, after, json.loads(done.stdout), done.stderr)
