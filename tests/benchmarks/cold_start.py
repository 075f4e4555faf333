"""How long a small sweep takes from Enter to its first report and to the prompt, for one version of tuner or several.

    python tests/benchmarks/cold_start.py .venv/bin/tuner ../other/.venv/bin/tuner --rounds 3

Each runs `tuner sweep digits cnn --trials 2 --max-epochs 1` in a terminal and an empty home, in turn. CPU seconds are
those of all its processes, Ray's too, until its report is drawn: they are read from /proc every 0.1 s.
"""

from __future__ import annotations

import argparse
import os
import pty
import shlex
import statistics
import subprocess
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path

WORDS = ("sweep", "digits", "cnn", "--trials", "2", "--max-epochs", "1", "--name", "x")
MARK = "TUNER_BENCHMARK"  # in the environment of all processes of a run
POLL_S = 0.1
LOOKS = 5  # at a process that is not ours: one that is being started has no environment yet
TICK = os.sysconf("SC_CLK_TCK")
COLUMNS = ("first report, s", "prompt, s", "report drawn, s", "CPU to the prompt, s", "CPU in all, s")


class Meter:
    """The CPU seconds of all processes that have a mark in their environment, those that have ended too."""

    def __init__(self, mark: str) -> None:
        self._mark = f"{MARK}={mark}".encode()
        self._ours: dict[Path, tuple[bool, int]] = {}
        self._used: dict[Path, float] = {}
        self.alive = 0

    def look(self) -> float:
        """What they have used up to now."""
        self.alive = 0
        for each in Path("/proc").iterdir():
            if each.name.isdigit():
                with suppress(OSError):
                    self._look_at(each)
        return sum(self._used.values())

    def _look_at(self, process: Path) -> None:
        ours, looks = self._ours.get(process, (False, 0))
        if not ours and looks < LOOKS:
            ours = self._mark in (process / "environ").read_bytes()
            self._ours[process] = ours, looks + 1
        if ours:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            self.alive += fields[0] != "Z"
            self._used[process] = max(self._used.get(process, 0.0), (int(fields[11]) + int(fields[12])) / TICK)


def measure(tuner: str) -> tuple[float, ...]:
    """The values of COLUMNS for one run."""
    with tempfile.TemporaryDirectory(prefix="tb", dir="/tmp") as folder:
        mark = uuid.uuid4().hex
        home, meter = Path(folder, "runs"), Meter(mark)
        environment = {**os.environ, MARK: mark, "TUNER_HOME": str(home), "RAY_TMPDIR": folder, "TERM": "xterm"}
        command, *more = shlex.split(tuner)
        master, slave = pty.openpty()
        began = time.monotonic()
        process = subprocess.Popen(
            [Path(command).absolute(), *WORDS, *more],
            cwd=folder,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        shown = bytearray()
        threading.Thread(target=_show, args=(master, shown), daemon=True).start()
        first = prompt = drawn = cpu_prompt = 0.0
        journal, page = home / "x" / "study.log", home / "x" / "report" / "report.html"
        while not prompt or meter.alive:
            cpu, now = meter.look(), time.monotonic() - began
            if not first and journal.exists() and b'"epoch ' in journal.read_bytes():
                first = now
            if not drawn and page.exists():
                drawn = now
            if not prompt and process.poll() is not None:
                prompt, cpu_prompt = now, cpu
            if prompt and now > prompt + 120:
                break
            time.sleep(POLL_S)
        if process.returncode or not drawn:
            print(shown[-500:].decode(errors="replace"))
            raise SystemExit(f"{tuner}: exit status {process.returncode}, report after {drawn} s")
        os.close(master)
        return first, prompt, drawn, cpu_prompt, meter.look()


def _show(master: int, shown: bytearray) -> None:
    with suppress(OSError):
        while text := os.read(master, 65536):
            shown.extend(text)


def main() -> None:
    """Prints a table: medians, and the lowest and the highest value."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "tuners", nargs="+", help="the commands to compare, each with options if it has some: 'tuner --wait'"
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found: dict[str, list[tuple[float, ...]]] = {tuner: [] for tuner in options.tuners}
    for number in range(options.rounds):
        for tuner in options.tuners:
            found[tuner].append(measure(tuner))
            print(f"round {number + 1}, {tuner}: {' '.join(f'{value:.1f}' for value in found[tuner][-1])}", flush=True)
    print(f"\n| | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
    for tuner, runs in found.items():
        cells = [
            f"{statistics.median(each):.1f} ({min(each):.1f} - {max(each):.1f})" for each in zip(*runs, strict=True)
        ]
        print(f"| {tuner} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
