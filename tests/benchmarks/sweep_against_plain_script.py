"""How long `tuner sweep digits cnn` takes beside the script that it replaces, each a process of its own, in turn.

make benchmark                      # once each
python tests/benchmarks/sweep_against_plain_script.py --repeats 3 --trials 24
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PLAIN = [sys.executable, str(Path(__file__).with_name("plain_script.py"))]
TUNER = [str(Path(sys.executable).with_name("tuner")), "sweep", "digits", "cnn", "--json"]


def main() -> None:
    """Runs everything and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=1)
    arguments = parser.parse_args()
    commands = {
        "tuner sweep": TUNER,
        "plain script": PLAIN,
        "plain script, reuse_actors": [*PLAIN, "--reuse-actors"],
    }
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    for _ in range(arguments.repeats):
        for name, command in commands.items():
            found[name].append(measure([*command, "--trials", str(arguments.trials)]))
            print(f"{name}: {found[name][-1]['seconds']:.1f} s", file=sys.stderr)
    report(found, arguments.trials)


def measure(command: list[str]) -> dict[str, Any]:
    """The process's JSON, with its wall-clock seconds from start to end."""
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        environment = {**os.environ, "TUNER_HOME": home}
        done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    result = json.loads(done.stdout[done.stdout.index("{") :])
    if "test" in result:  # tuner's own
        result = {
            "trials": sum(result["trials"].values()),
            "epochs": result["epochs"],
            "val_accuracy": result["best"]["val_accuracy"],
            "test_accuracy": result["test"]["accuracy"],
        }
    return {**result, "seconds": seconds}


def report(found: dict[str, list[dict[str, Any]]], trials: int) -> None:
    """A table, with the ratio of each to tuner's median."""
    cores = len(os.sched_getaffinity(0))
    print(f"digits-cnn, {trials} trials, {cores} cores, {platform.processor() or platform.machine()}, ", end="")
    print(f"{datetime.now(UTC):%Y-%m-%d}")
    print(f"{'':<28}{'seconds (least-most)':>24}{'ratio':>8}{'epochs':>8}{'val':>8}{'test':>8}")
    base = statistics.median(run["seconds"] for run in found["tuner sweep"])
    for name, runs in found.items():
        seconds = [run["seconds"] for run in runs]
        median = statistics.median(seconds)
        spread = f"{median:.0f} ({min(seconds):.0f}-{max(seconds):.0f})"
        middle = {
            key: statistics.median(run[key] for run in runs) for key in ("epochs", "val_accuracy", "test_accuracy")
        }
        print(
            f"{name:<28}{spread:>24}{median / base:>8.1f}{middle['epochs']:>8.0f}"
            f"{middle['val_accuracy']:>8.4f}{middle['test_accuracy']:>8.4f}"
        )


if __name__ == "__main__":
    main()
