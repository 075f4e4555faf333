"""How long a small sweep takes from Enter to its first report and to the prompt, for one version of tuner or several.

    python tests/benchmarks/cold_start.py .venv/bin/tuner warm:.venv/bin/tuner ../other/.venv/bin/tuner --rounds 3

With `warm:` before it, `tuner up` has been typed before, and what that takes is a line of its own.

Each runs `tuner sweep digits cnn --trials 2 --max-epochs 1` in a terminal and an empty home, in turn. CPU seconds are
those of all its processes, Ray's too, until its report is drawn: they are read from /proc every 0.1 s.
"""

from __future__ import annotations

import argparse
import os
import shlex
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path

from processes import MARK, POLL_S, Meter, Terminal, apart_from_others, zygote_of
from spreads import print_table

WORDS = ("sweep", "digits", "cnn", "--trials", "2", "--max-epochs", "1", "--name", "x")
WARM = "warm:"  # before a command that starts warm
COLUMNS = ("first report, s", "prompt, s", "report drawn, s", "CPU to the prompt, s", "CPU in all, s")


def measure(tuner: str) -> tuple[float, ...]:
    """The values of COLUMNS for one run."""
    command, *more = shlex.split(tuner.removeprefix(WARM))
    command = str(Path(command).absolute())
    with tempfile.TemporaryDirectory(prefix="tb", dir="/tmp") as folder, ExitStack() as stack:
        environment = {**os.environ, **apart_from_others(Path(folder)), "RAY_TMPDIR": folder, "TERM": "xterm"}
        zygote = stack.enter_context(zygote_of(command, environment)) if tuner.startswith(WARM) else 0
        mark = uuid.uuid4().hex
        home, meter = Path(folder, "runs"), Meter(mark, zygote)
        environment |= {MARK: mark, "TUNER_HOME": str(home)}
        began = time.monotonic()
        terminal = Terminal([command, *WORDS, *more], Path(folder), environment)
        process = terminal.process
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
            print(terminal.text[-500:])
            raise SystemExit(f"{tuner}: exit status {process.returncode}, report after {drawn} s")
        terminal.close()
        return first, prompt, drawn, cpu_prompt, meter.look()


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
    print_table(COLUMNS, [1] * len(COLUMNS), found)


if __name__ == "__main__":
    main()
