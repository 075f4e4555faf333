"""How long `tuner sweep digits cnn` takes beside what a skilled user writes, each a process of its own, in turn.

make benchmark                      # three rounds
python tests/benchmarks/against_scripts.py --rounds 1 --trials 24 --only "tuner" "Optuna, 1 thread"

All have the same model, data, augmentation and number of trials; see opponents/. Seconds are those from Enter to the
prompt. tuner's report is drawn after the prompt: the next one waits until it is there, and the CPU seconds have it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from processes import MARK, POLL_S, Meter, Terminal, apart_from_others, zygote_of
from spreads import print_table

COLUMNS = {  # and their digits
    "wall, s": 0,
    "CPU, s": 0,
    "epochs": 0,
    "wall, s an epoch": 2,
    "CPU, s an epoch": 2,
    "validation": 3,
    "test": 3,
}
OPPONENTS = Path(__file__).with_name("opponents")
TUNER = str(Path(sys.executable).with_name("tuner"))
SWEEP = ("sweep", "digits", "cnn", "--name", "x")


def script(name: str, *options: str) -> list[str]:
    """The command of an opponent."""
    return [sys.executable, str(OPPONENTS / name), *options]


WARM = "tuner, after tuner up"
COMMANDS = {
    "tuner": [TUNER, *SWEEP],
    WARM: [TUNER, *SWEEP],
    "Ray Tune as documented": script("ray_script.py"),
    "Ray Tune, at its best": script("ray_script.py", "--best"),
    "Optuna, 1 thread": script("optuna_script.py", "--threads", "1"),
    "Optuna, 2 threads": script("optuna_script.py", "--threads", "2"),
    "Optuna, 2 processes": script("optuna_script.py", "--processes", "2"),
    "Syne Tune": script("syne_script.py"),
}


@dataclass(frozen=True)
class Run:
    """One run of a command."""

    wall: float
    """Seconds to the prompt."""
    cpu: float
    """Seconds of all its processes to the last one's end."""
    trials: int
    epochs: int
    validation: float
    """The best accuracy."""
    test: float
    """The accuracy of that model."""

    @property
    def values(self) -> tuple[float, ...]:
        """Those of COLUMNS."""
        epochs = self.epochs
        return self.wall, self.cpu, epochs, self.wall / epochs, self.cpu / epochs, self.validation, self.test


def measure(command: list[str], *, warm: bool) -> Run:
    """Runs a command in an empty folder, on a terminal."""
    with tempfile.TemporaryDirectory(prefix="tb", dir="/tmp") as folder, ExitStack() as stack:
        environment = {**os.environ, **apart_from_others(Path(folder)), "RAY_TMPDIR": folder}
        zygote = stack.enter_context(zygote_of(TUNER, environment)) if warm else 0
        mark = uuid.uuid4().hex
        meter = Meter(mark, zygote)
        environment |= {MARK: mark, "TUNER_HOME": folder}
        began, wall, cpu = time.monotonic(), 0.0, 0.0
        terminal = Terminal(command, Path(folder), environment)
        process = terminal.process
        while not wall or meter.alive:
            cpu = meter.look()
            if not wall and process.poll() is not None:
                wall = time.monotonic() - began
            time.sleep(POLL_S)
        terminal.close()
        text = terminal.text
        if process.returncode:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{text[-3000:]}")
        result = read_tuner(Path(folder)) if command[0] == TUNER else read_script(text)
        return Run(wall=wall, cpu=cpu, **result)


def read_script(text: str) -> dict[str, Any]:
    """The result that a script prints as JSON."""
    found = json.loads(next(line for line in reversed(text.splitlines()) if line.startswith('{"trials"')))
    return {
        "trials": found["trials"],
        "epochs": found["epochs"],
        "validation": found["val_accuracy"],
        "test": found["test_accuracy"],
    }


def read_tuner(home: Path) -> dict[str, Any]:
    """The result of a sweep, as `tuner status` and its file tell it."""
    told = subprocess.run(
        [TUNER, "status", "x", "--json"],
        env={**os.environ, "TUNER_HOME": str(home), "TUNER_WARM": "0"},
        capture_output=True,
        check=True,
    )
    found = json.loads(told.stdout)
    return {
        "trials": sum(found["trials"].values()),
        "epochs": found["epochs"],
        "validation": found["best"]["val_accuracy"],
        "test": json.loads((home / "x" / "result.json").read_text())["test"]["accuracy"],
    }


def main() -> None:
    """Runs everything and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    arguments = parser.parse_args()
    names = [name for name in COMMANDS if name in arguments.only]
    if "Syne Tune" in names and find_spec("syne_tune") is None:
        names.remove("Syne Tune")
        print("without Syne Tune, which is not installed: pip install --group bench", file=sys.stderr)
    found: dict[str, list[Run]] = {name: [] for name in names}
    for _ in range(arguments.rounds):
        for name in names:
            run = measure([*COMMANDS[name], "--trials", str(arguments.trials)], warm=name == WARM)
            found[name].append(run)
            print(f"{name}: {run.wall:.1f} s, CPU {run.cpu:.1f} s, {run.epochs} epochs", file=sys.stderr)
    print(f"digits-cnn, {arguments.trials} trials, {len(os.sched_getaffinity(0))} cores, {datetime.now(UTC):%Y-%m-%d}")
    print_table(
        list(COLUMNS), list(COLUMNS.values()), {name: [run.values for run in runs] for name, runs in found.items()}
    )


if __name__ == "__main__":
    main()
