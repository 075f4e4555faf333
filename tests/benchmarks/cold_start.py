"""How long a small sweep takes from Enter to its first report and to the prompt, for one version of tuner or several.

    python tests/benchmarks/cold_start.py .venv/bin/tuner warm:.venv/bin/tuner ../other/.venv/bin/tuner --rounds 3

With `warm:` before it, `tuner up` has been typed before, and what that takes is a line of its own.

Each runs `tuner sweep digits cnn --trials 2 --max-epochs 1` in a terminal and an empty home, in turn. CPU seconds are
those of all its processes, Ray's too, until its report is drawn: they are read from /proc every 0.1 s.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import shlex
import statistics
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

WORDS = ("sweep", "digits", "cnn", "--trials", "2", "--max-epochs", "1", "--name", "x")
WARM = "warm:"  # before a command that starts warm
SWITCH = "TUNER_WARM"
MARK = "TUNER_BENCHMARK"  # in the environment of all processes of a run
POLL_S = 0.1
LOOKS = 5  # at a process that is not ours: one that is being started has no environment yet
TICK = os.sysconf("SC_CLK_TCK")
COLUMNS = ("first report, s", "prompt, s", "report drawn, s", "CPU to the prompt, s", "CPU in all, s")


class Meter:
    """The CPU seconds of all processes that have a mark in their environment, those that have ended too.

    Forks of a zygote have it too, though /proc shows the zygote's environment as theirs: they are its children.
    """

    def __init__(self, mark: str, zygote: int) -> None:
        self._zygote = zygote
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
            ours = self._mark in (process / "environ").read_bytes() or _parent(process) == self._zygote
            self._ours[process] = ours, looks + 1
        if ours:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            self.alive += fields[0] != "Z"
            self._used[process] = max(self._used.get(process, 0.0), (int(fields[11]) + int(fields[12])) / TICK)


def _parent(process: Path) -> int:
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])


@contextmanager
def zygote_of(command: str, environment: dict[str, str]) -> Iterator[int]:
    """Types `tuner up`, and `tuner down` at the end. Yields the process id."""
    began = time.monotonic()
    done = subprocess.run([command, "up"], env=environment, capture_output=True, text=True, check=True)
    print(f"{done.stdout.strip()}; it took {time.monotonic() - began:.1f} s", flush=True)
    try:
        yield int(re.findall(r"process (\d+)", done.stdout)[0])
    finally:
        subprocess.run([command, "down"], env=environment, capture_output=True, check=True)


def measure(tuner: str) -> tuple[float, ...]:
    """The values of COLUMNS for one run."""
    command, *more = shlex.split(tuner.removeprefix(WARM))
    command = str(Path(command).absolute())
    with tempfile.TemporaryDirectory(prefix="tb", dir="/tmp") as folder, ExitStack() as stack:
        switch = {SWITCH: "1" if tuner.startswith(WARM) else "0", "XDG_RUNTIME_DIR": folder}
        environment = {**os.environ, **switch, "RAY_TMPDIR": folder, "TERM": "xterm"}
        zygote = stack.enter_context(zygote_of(command, environment)) if tuner.startswith(WARM) else 0
        mark = uuid.uuid4().hex
        home, meter = Path(folder, "runs"), Meter(mark, zygote)
        environment |= {MARK: mark, "TUNER_HOME": str(home)}
        master, slave = pty.openpty()
        began = time.monotonic()
        process = subprocess.Popen(
            [command, *WORDS, *more],
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
        "tuners", nargs="+", help="the commands to compare, each with options if it has some: 'warm:tuner --wait'"
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
