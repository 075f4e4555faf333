"""A sweep whose clock is set back and forth while it runs, in all of its processes, counted. It takes a C compiler."""

from __future__ import annotations

import json
import signal
import struct
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.common import Start, read_runs, wait_for_epochs
from support.process_groups import program
from support.processes import end

from faults.inventory import Inventory, inventory
from tuner.core.records import TrialRecord
from tuner.search.study_reader import read_records

DAY = 86400
JUMPS = (-DAY, 2 * DAY, -30 * DAY, 0)  # seconds beside the true time
TRIALS, EPOCHS = 4, 36
SWEEP = ("sweep", "digits", "cnn", "--limit", "600", "--set", "width=0.25", "--name", "x", "--json")
SIZE = ("--trials", str(TRIALS), "--max-epochs", str(EPOCHS), "--concurrency", "1", "--cpus-per-trial", "1")
LIMITS = ("--time-budget", "1h", "--trial-timeout", "30m")
PATIENCE_S = 1200.0


@dataclass
class Counts:
    """What was done, and what is not as it must be."""

    jumps: int = 0
    found: Inventory = field(default_factory=Inventory)

    @property
    def wrong(self) -> list[str]:
        """A line each."""
        return self.found.wrong


def set_the_clock(start: Start, folder: Path, compiler: str) -> Counts:
    """Runs a sweep, and sets its clock each time that some more epochs are reported."""
    library, offset, counts = folder / "clock.so", folder / "offset", Counts()
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, Path(__file__).with_name("clock.c")], check=True)
    environment = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(offset)}
    offset.write_bytes(struct.pack("q", -DAY))
    told = subprocess.check_output([sys.executable, "-c", "import time; print(time.time())"], env=environment)
    assert abs(time.time() - DAY - float(told)) < DAY / 2, "the library sets a clock"
    offset.write_bytes(struct.pack("q", 0))
    began = time.monotonic()
    process = start(*SWEEP, *SIZE, *LIMITS, folder=folder, **environment)
    try:
        for jump in JUMPS:
            wait_for_epochs(folder, 2 + 3 * counts.jumps, process)
            if process.poll() is None:
                with offset.open("r+b") as file:  # which the processes have mapped
                    file.write(struct.pack("q", jump))
                counts.jumps += 1
                workers = [pid for pid in _with(library) if program(pid).startswith("ray::")]
                if not workers or process.pid not in _with(library):
                    counts.wrong.append(f"jump {counts.jumps}: the driver or the workers have another clock")
        out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        end(process, signal.SIGKILL)
    if process.returncode != 0:
        counts.wrong.append(f"it ended with {process.returncode}: {err[-2000:]}")
        return counts
    _check(folder, json.loads(out), time.monotonic() - began, counts)
    return counts


def _with(library: Path) -> list[int]:
    """The processes that have loaded it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(library) in (process / "maps").read_text():
                found.append(int(process.name))
    return found


def _check(folder: Path, result: dict[str, Any], seconds: float, counts: Counts) -> None:
    if not 0 < result["seconds"] < seconds:
        counts.wrong.append(f"it says that it took {result['seconds']} s of {seconds} s")
    counts.found += inventory(folder / "runs", "x", TRIALS)
    for record in read_records(folder / "runs/x/study.log"):
        _check_trial(record, counts)
    for run in read_runs(f"sqlite:///{folder}/runs/mlflow.db", "digits-cnn"):
        if run.info.end_time < run.info.start_time:
            counts.wrong.append(f"{run.info.run_name} is from {run.info.start_time} to {run.info.end_time}")


def _check_trial(record: TrialRecord, counts: Counts) -> None:
    if record.state != "COMPLETE" and not (record.state == "PRUNED" and "best third" in record.reason):
        counts.wrong.append(f"trial {record.number} is {record.state}: {record.reason}")
    epochs = [record.metrics[epoch]["time"] for epoch in sorted(record.metrics)]
    times = [record.started, *epochs, record.finished or 0.0]
    if times != sorted(times):
        counts.wrong.append(f"trial {record.number} goes back in time: {times}")
    if any(not 0 < metrics["epoch_seconds"] < PATIENCE_S for metrics in record.metrics.values()):
        counts.wrong.append(f"trial {record.number} has epochs of an impossible length")
