"""How long a sweep of tiny trials takes in packs and in workers, each a process of its own, in turn.

make bench-packs                    # three rounds of 64 trials of mlp on breast_cancer
python tests/benchmarks/packs.py --rounds 1 --pair digits lenet
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tuner.search.study_reader import read_records

TUNER = str(Path(sys.executable).with_name("tuner"))
WAYS = ("off", "auto")


def main() -> None:
    """Runs everything and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--pair", nargs=2, default=["breast_cancer", "mlp"], metavar=("DATASET", "MODEL"))
    parser.add_argument("--ways", nargs="+", default=list(WAYS), help="of --pack")
    arguments = parser.parse_args()
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in arguments.ways}
    for number in range(arguments.rounds):
        for way in arguments.ways:
            command = [TUNER, "sweep", *arguments.pair, "--trials", str(arguments.trials), "--seed", str(number)]
            found[way].append(measure([*command, "--pack", way, "--json"]))
            print(f"--pack {way}: {found[way][-1]}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    print(f"{'':<14}{'wall, s':>22}{'search, s':>22}{'epochs':>16}{'val_accuracy':>24}{'test':>24}")
    for way, runs in found.items():
        columns = [spread(runs, name, digits) for name, digits in COLUMNS.items()]
        print(f"--pack {way:<7}" + "".join(f"{text:>{width}}" for text, width in zip(columns, WIDTHS, strict=True)))


COLUMNS = {"wall": 0, "search": 0, "epochs": 0, "val": 4, "test": 4}
WIDTHS = (22, 22, 16, 24, 24)


def spread(runs: list[dict[str, Any]], name: str, digits: int) -> str:
    """The median, and the lowest and highest."""
    values = [run[name] for run in runs]
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def measure(command: list[str]) -> dict[str, Any]:
    """Scores, wall-clock seconds from start to end, and those of them from the first epoch's end to the last one's."""
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        environment = {**os.environ, "TUNER_HOME": home}
        done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        if done.returncode:
            sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        result = json.loads(done.stdout[done.stdout.index("{") :])
        records = read_records(next(Path(home).glob("*/study.log")))
    times = [row["time"] for record in records for row in record.metrics.values()]
    return {
        "wall": seconds,
        "search": max(times) - min(times),
        "epochs": result["epochs"],
        "val": result["best"]["val_accuracy"],
        "test": result["test"]["accuracy"],
    }


if __name__ == "__main__":
    main()
