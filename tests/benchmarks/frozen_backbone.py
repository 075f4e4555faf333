"""How long trials take that train a head on a frozen network, for one version of tuner or several.

    TUNER_DATA=FOLDER python tests/benchmarks/frozen_backbone.py .venv/bin/tuner ../other/.venv/bin/tuner --rounds 3

Each runs a sweep of efficientnet_lite0 on cats_vs_dogs in an empty home, in turn, one trial at a time, whole ones. The
folder of the data has no features of an earlier sweep, but for a version that is given as `again:COMMAND`: that has
those of the run before. CPU seconds are those of all processes of the sweep, see processes.py.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from processes import MARK, POLL_S, Meter
from spreads import print_table

from tuner.core.files import data_root
from tuner.search.study_reader import read_records

WORDS = shlex.split(
    "sweep cats_vs_dogs efficientnet_lite0 --set train=feature_extraction --concurrency 1 --scheduler none --seed 0 "
    "--name x --wait"
)
AGAIN = "again:"
COLUMNS = ("first trial, s", "each other trial, s", "kept of a trial, MB", "sweep, s", "CPU, s")
Run = tuple[tuple[float, ...], list[float]]


def measure(tuner: str, words: list[str], data: Path) -> Run:
    """The values of COLUMNS for one run, and the score of each trial."""
    with tempfile.TemporaryDirectory(prefix="tb", dir="/tmp") as folder:
        mark, home = uuid.uuid4().hex, Path(folder, "runs")
        names = {MARK: mark, "TUNER_HOME": str(home), "RAY_TMPDIR": folder, "TUNER_DATA": str(data)}
        meter, began = Meter(mark), time.monotonic()
        command, *more = shlex.split(tuner.removeprefix(AGAIN))
        with Path(folder, "out.txt").open("w") as output:
            arguments = [str(Path(command).absolute()), *WORDS, *words, *more]
            process = subprocess.Popen(
                arguments, cwd=folder, env={**os.environ, **names}, stdout=output, stderr=subprocess.STDOUT
            )
            while process.poll() is None:
                meter.look()
                time.sleep(POLL_S)
        if process.returncode:
            raise SystemExit(f"{tuner}: exit status {process.returncode}: {Path(folder, 'out.txt').read_text()[-500:]}")
        seconds, used = time.monotonic() - began, meter.look()
        records = read_records(home / "x" / "study.log")
        first, *others = (each.finished - each.started for each in records if each.finished)
        largest = max(each.stat().st_size for each in (home / "x" / "trials").glob("*/*.pt")) / 1e6
        return (first, statistics.median(others), largest, seconds, used), [each.score for each in records]


def own_data(folder: Path) -> Path:
    """A folder with the data and caches of TUNER_DATA, but for features."""
    (folder / "cache").mkdir(parents=True)
    for each in data_root().iterdir():
        if each.name != "cache":
            (folder / each.name).symlink_to(each)
    for each in (data_root() / "cache").glob("*.safetensors"):
        (folder / "cache" / each.name).symlink_to(each)
    return folder


def main() -> None:
    """Prints a table: medians, and the lowest and the highest value; and whether all trials have the same scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuners", nargs="+", help="the commands to compare, each with options if it has some")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sweep", default="--trials 8 --limit 1000", help="more options of all sweeps")
    options = parser.parse_args()
    found: dict[str, list[tuple[float, ...]]] = {tuner: [] for tuner in options.tuners}
    scores: set[tuple[float, ...]] = set()
    with tempfile.TemporaryDirectory(prefix="td", dir="/tmp") as place:
        data = Path(place)
        for number in range(options.rounds):
            for turn, tuner in enumerate(options.tuners):
                if not tuner.startswith(AGAIN):
                    data = own_data(Path(place, f"{number}-{turn}"))
                values, reached = measure(tuner, shlex.split(options.sweep), data)
                found[tuner].append(values)
                scores.add(tuple(reached))
                print(f"round {number + 1}, {tuner}: {' '.join(f'{value:.2f}' for value in values)}", flush=True)
    print_table(COLUMNS, [2] * len(COLUMNS), found)
    print(f"\nscores of the trials: {'the same in all runs' if len(scores) == 1 else scores}")


if __name__ == "__main__":
    main()
