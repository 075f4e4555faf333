"""Many trials that only sleep, on a Ray cluster with more cores than this machine has: what tuner adds to each.

    python tests/benchmarks/scale.py --trials 10000 --slots 16 --seconds 1 --reports 1       # Ray's many trials
    python tests/benchmarks/scale.py --trials 1000 --slots 1000 --seconds 100 --reports 1000 # Ray's frequent reports
    python tests/benchmarks/scale.py --trials 7000 --slots 2 --seconds 0 --local             # what tuner itself takes

The first two are Ray's release tests of Tune `tune_scalability_bookkeeping_overhead` (10,000 trials on 16 slots: 715 s
at most) and `tune_scalability_result_throughput_cluster` (1,000 trials, a result each 0.1 s: 248 s at most). The floor
is what the sleeping alone takes. Slots are workers, of some 0.4 GB each. With --local they are those of a sweep without
a cluster, at most as many as there are cores. `by fifth` is the speed in each fifth of the reports.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from processes import MARK, Meter

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.ray_cluster import ray_cluster

TUNER = str(Path(sys.executable).with_name("tuner"))
TRAIN = """
import time

def train(trial):
    for _ in range(trial.epoch, trial.epochs):
        time.sleep({pause})
        trial.report(score=trial.params["x"])
"""


def memory(mark: str) -> dict[str, int]:
    """The most memory of the driver and of a worker, in MB; pages that processes share count in part."""
    most = {"driver": 0, "worker": 0}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() not in (process / "environ").read_bytes():
                continue
            command = (process / "cmdline").read_text()
            driver = "remote_entry" in command or ("\0sweep\0" in command and "--address" not in command)
            kind = "worker" if command.startswith("ray::") else "driver" if driver else ""
            if kind:
                found = re.search(r"^Pss: +(\d+)", (process / "smaps_rollup").read_text(), re.MULTILINE)
                most[kind] = max(most[kind], int(found[1]) // 1024 if found else 0)
    return most


@contextmanager
def place(home: Path, mark: str, *, slots: int, local: bool) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Where the trials run: options of the sweep for it, and variables of its environment."""
    if local:
        yield ["--wait"], {"TUNER_HOME": str(home)}
        return
    with ray_cluster(cpus=slots, environment={"TUNER_HOME": str(home), MARK: mark}) as cluster:
        yield ["--address", cluster.address, "--attach"], cluster.client


def by_fifth(times: list[float]) -> str:
    """Reports a second in each fifth of the reports, whose times these are."""
    size = len(times) // 5
    fifths = [times[number * size : (number + 1) * size + 1] for number in range(5)]
    return ", ".join(f"{(len(each) - 1) / (each[-1] - each[0]):.1f}" for each in fifths)


def main() -> None:
    """Prints a row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a trial")
    parser.add_argument("--reports", type=int, default=1, help="of a trial")
    parser.add_argument("--local", action="store_true", help="without a cluster")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale", dir="/tmp") as name:
        folder, home = Path(name), Path(name, "home")
        (folder / "train.py").write_text(TRAIN.format(pause=options.seconds / options.reports))
        os.environ[MARK] = name
        with place(home, name, slots=options.slots, local=options.local) as (words, environment):
            meter = Meter(name)
            before, began = meter.look(), time.monotonic()
            command = [TUNER, "sweep", "train.py", "--name", "x", "--set", "x=0.0..1.0", "--objective", "score:max"]
            command += ["--scheduler", "none", "--sampler", "random", *words]
            command += ["--trials", str(options.trials), "--epochs", str(options.reports)]
            command += ["--concurrency", str(options.slots), "--cpus-per-trial", "1"]
            process = subprocess.Popen(
                command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
            )
            used, most = before, dict.fromkeys(("driver", "worker"), 0)
            while process.poll() is None:
                used = meter.look()
                most = {kind: max(most[kind], now) for kind, now in memory(name).items()}
                time.sleep(5)
            wall = time.monotonic() - began
            told = subprocess.run(
                [TUNER, "logs", "x", "--json"],
                env={**os.environ, "TUNER_HOME": str(home)},
                stdout=subprocess.PIPE,
                check=True,
            )
        if process.returncode:
            sys.exit(process.returncode)
        times = sorted(row["time"] for row in json.loads(told.stdout))
        search = times[-1] - times[0] + options.seconds / options.reports
        floor = options.trials / options.slots * options.seconds
        columns = ("trials", "slots", "reports", "floor, s", "search, s", "to the prompt, s", "CPU, ms a report")
        print(f"| {' | '.join((*columns, 'driver, MB', 'a worker, MB'))} |\n|{'---|' * 9}")
        cells = f"{floor:.0f} | {search:.0f} | {wall:.0f} | {1000 * (used - before) / len(times):.0f}"
        cells += f" | {most['driver']} | {most['worker']}"
        print(f"| {options.trials} | {options.slots} | {len(times)} | {cells} |")
        print(f"\nreports a second, by fifth: {by_fifth(times)}")


if __name__ == "__main__":
    main()
