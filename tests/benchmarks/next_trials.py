"""Compares what `search.outlook` says of half as many trials again with what they bring, in replayed sweeps.

python tests/benchmarks/next_trials.py --curves FILE... [--sizes 16,32] [--seeds 60] [--jobs N]

A sweep runs to its end, gets half as many trials more, as by `tuner resume --trials`, and goes on. The table is for
docs/search.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean

sys.path.append(str(Path(__file__).parents[1]))

from replay.methods.base import Kind, Search
from replay.methods.own import MEMORY_DISK, Own
from replay.surrogate import UNKNOWN_SAMPLES, Surrogate
from replay.tables import Parameters, read_table
from replay.workers import replay
from support.common import make_config
from support.made_up_search import begin

from tuner.core.config import SweepConfig
from tuner.core.outlook import Outlook
from tuner.core.records import TrialRecord, best_of, trial_seed
from tuner.search.outlook import outlook_of
from tuner.search.study_reader import quiet_optuna

WORKERS = 2


@dataclass(frozen=True)
class Found:
    """What was said of one sweep, and what came."""

    said: Outlook | None
    gain: float
    """Of the best validation accuracy."""
    test_gain: float
    """Of the test accuracy of what would be returned."""


class Growing(Own):
    """A sweep that goes on with more trials when it has come to its end."""

    def __init__(self, config: SweepConfig, folder: Path, trials: int) -> None:
        super().__init__(*begin(config, folder), config)
        self._config = config
        self._folder = folder
        self._trials = trials
        self.before: list[TrialRecord] = []

    def next_trial(self) -> tuple[int, Parameters] | None:
        """See Method."""
        drawn = super().next_trial()
        if drawn is None and not self.before and self._controller.over:
            self._controller.finish()
            self.before = self.study.records()
            self._controller, self.study = begin(replace(self._config, trials=self._trials), self._folder)
            drawn = super().next_trial()
        return drawn


def one(file: Path, trials: int, seed: int) -> Found:
    """One sweep of so many trials, and of half as many more."""
    table = read_table(file, 0)
    surrogate, samples = Surrogate(table, seed), table.samples or UNKNOWN_SAMPLES
    config = make_config(
        trials=trials,
        epochs=table.epochs,
        concurrency=WORKERS,
        seed=seed,
        space={**table.raw_space, "epochs": table.epochs},
    )
    ended: list[Growing] = []

    @contextmanager
    def make(_: Search) -> Iterator[Growing]:
        with tempfile.TemporaryDirectory(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None) as folder:
            growing = Growing(config, Path(folder), trials + trials // 2)
            yield growing
            ended.append(growing)

    search = Search.over(table, samples=samples, workers=WORKERS, seed=seed, trials=trials)
    with quiet_optuna():
        replay(Kind(make=make), search, surrogate, [], 1.0)
    [growing] = ended
    before, after = best_of(growing.before), best_of(growing.study.records())
    assert before
    assert after
    tests = [
        surrogate(best.parameters, trial_seed(seed, best.number)).test[best.best_epoch - 1] for best in (before, after)
    ]
    return Found(outlook_of(config, growing.before), after.score - before.score, tests[1] - tests[0])


def row(name: str, found: list[Found]) -> str:
    """A line of the table; gains are in points."""
    said = [(each, each.said) for each in found if each.said]
    better = fmean(each.gain > 0 for each, _ in said)
    held = fmean(each.gain <= outlook.most + 1e-9 for each, outlook in said)
    cells = [
        name,
        str(len(said)),
        f"{fmean(outlook.better for _, outlook in said):.0%}",
        f"{better:.0%}",
        f"{100 * fmean(outlook.most for _, outlook in said):.1f}",
        f"{held:.0%}",
        f"{100 * fmean(each.gain for each, _ in said):.2f}",
        f"{100 * fmean(each.test_gain for each, _ in said):.2f}",
    ]
    return f"| {' | '.join(cells)} |".replace("%", " %")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, nargs="+", required=True)
    parser.add_argument("--sizes", default="16,32")
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    print("| table, trials | sweeps | a better one: said | found | at most, said | held | gain | gain in test |")
    print("|---|---|---|---|---|---|---|---|")
    everything: list[Found] = []
    with ProcessPoolExecutor(arguments.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for file, trials in product(arguments.curves, map(int, arguments.sizes.split(","))):
            seeds = range(arguments.seeds)
            found = list(pool.map(one, [file] * len(seeds), [trials] * len(seeds), seeds))
            everything += found
            print(row(f"{file.stem}, {trials} to {trials + trials // 2}", found), flush=True)
    print(row("all", everything))


if __name__ == "__main__":
    main()
