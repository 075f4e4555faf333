"""What the page of all sweeps costs its server: homes with hundreds of sweeps, and a sweep of thousands of trials.

python tests/benchmarks/board.py --sweeps 300 --trials 10000

The sweeps report made-up scores. They lie in memory, if there is /dev/shm. Seconds are those of this process's CPU.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from replay.methods.own import MEMORY_DISK
from support.made_up_home import add_sweep, run, running
from support.made_up_search import begin

from tuner.report.not_shown import NotShown
from tuner.serving.board.board import Board
from tuner.serving.board.charts import TITLES
from tuner.serving.board.sweep_view import SweepView
from tuner.sweeps.changes import Changes
from tuner.sweeps.mirror import Mirror

LARGE = "large"


def timed(what: str, call: Callable[[], object]) -> None:
    """Prints what a call takes."""
    began = time.process_time()
    found = call()
    size = len(json.dumps(found)) if isinstance(found, dict | list) else 0
    told = f", {size / 1e6:.2f} MB of JSON" if size else ""
    print(f"{what:<58}{1000 * (time.process_time() - began):>9.0f} ms{told}", flush=True)


def measure(home: Path, sweeps: int, trials: int) -> None:
    """Makes the home, looks at it, and prints what that takes."""
    for number in range(sweeps):
        add_sweep(home, f"digits-cnn-{number + 1}", 24)
    config = add_sweep(home, LARGE, trials, trials=trials + 100)
    measure_telling(home)
    board = Board(home)
    timed(f"the first look, at {sweeps} sweeps and one of {trials:,} trials", lambda: board.overview.look(most=1e9))
    timed("a look when nothing has changed", board.look)
    with running(home, LARGE, live=[1, 2]):
        timed("a look when the large sweep has begun to run", board.look)
        view = board.view(LARGE)
        timed("all its trials as rows", view.trials.values)
        controller, _ = begin(config, home / LARGE)
        for count in (trials + 1, trials + 2, trials + 3):
            run(controller, count, count - 1)
            version = view.trials.version
            timed("a look after one trial of it", board.look)
            timed("what an open page is told then", partial(told, view, version))
        for key in TITLES:
            timed(f"its chart '{key}'", partial(chart, board, key))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory of this process, with what has made the sweeps: {peak / 1e3:.0f} MB")


def measure_telling(home: Path) -> None:
    """What it costs a cluster's head to tell all of this, and another machine to hear it."""
    changes, lines = Changes(home), list[str]()
    timed("all of it as lines, as a head tells it", lambda: lines.extend(map(json.dumps, changes.look())))
    print(f"   these are {sum(map(len, lines)) / 1e6:.1f} MB")
    timed("to look for changes on the head when there are none", lambda: list(changes.look()))
    with tempfile.TemporaryDirectory(dir=home.parent) as there:
        mirror = Mirror(Path(there))
        for what in ("to hear it", "to hear it once more"):
            timed(what, partial(hear, mirror, lines))


def hear(mirror: Mirror, lines: list[str]) -> None:
    for line in lines:
        mirror.hear(line)


def told(view: SweepView, version: int) -> object:
    return view.trials.since(version)[0]


def chart(board: Board, key: str) -> object:
    try:
        return [each["data"] for each in board.view(LARGE).chart(key).block.charts]
    except NotShown:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", type=int, default=300)
    parser.add_argument("--trials", type=int, default=10_000)
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="board", dir=MEMORY_DISK))
    try:
        measure(home, asked.sweeps, asked.trials)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
