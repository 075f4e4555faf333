"""Many sweeps that are begun at once by a user who has never run one, counted."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from support.common import Start
from support.processes import end

from faults.inventory import Inventory, inventory

SWEEP = ("sweep", "digits", "cnn", "--limit", "100", "--set", "width=0.25", "--json")
TRIALS = 2
SMALL = ("--trials", str(TRIALS), "--max-epochs", "1", "--concurrency", "1", "--cpus-per-trial", "1")
PATIENCE_S = 1800.0


@dataclass
class Counts:
    """What came of them."""

    finished: int = 0
    refused: list[str] = field(default_factory=list)
    """What those said that ended with the exit status of a user's mistake."""
    found: Inventory = field(default_factory=Inventory)
    """Of all together."""


def begin_at_once(start: Start, folder: Path, sweeps: int, *options: str) -> Counts:
    """Begins so many sweeps in an empty folder at the same time, for a user with an empty home folder."""
    home = tempfile.mkdtemp(prefix="tt")
    counts = Counts()
    processes = [
        start(*SWEEP, *SMALL, *options, "--seed", str(number), folder=folder, HOME=home) for number in range(sweeps)
    ]
    try:
        for process in processes:
            out, err = process.communicate(timeout=PATIENCE_S)
            if process.returncode == 0 and json.loads(out)["finished"]:
                counts.finished += 1
            elif process.returncode == 2:
                counts.refused.append(err)
            else:
                counts.found.wrong.append(f"ended with {process.returncode}: {err[-2000:]}")
    finally:
        for process in processes:
            end(process, signal.SIGKILL)
        shutil.rmtree(home, ignore_errors=True)
    for path in (folder / "runs").glob("*/sweep.json"):
        counts.found += inventory(folder / "runs", path.parent.name, TRIALS)
    return counts
