"""Compares what `search.optimism` says of the best validation accuracy of a sweep with what it promised too much.

python tests/benchmarks/luck.py --curves FILE... [--right FILE...] [--sizes 16,24,40] [--seeds 40] [--jobs N]

Sweeps are replayed with two workers. What the best score promised too much is its validation accuracy less the test
accuracy of the same weights.

--curves: over a surrogate of recorded learning curves, see search_quality.py. A table has one validation and one test
split, and one may be easier than the other, for good models more than for poor ones. No sweep can know that, so it is
taken off: a line through the difference of the two accuracies over their mean, of the best fifth of the trainings.

--right: over recorded trainings (`record_curves.py --right`) whose validation and test samples are divided anew for
each sweep, so that neither is easier on average. A third of the trials are any trainings, in place of random points,
and the others are of the better half, in place of TPE. The mean difference of the better half of the trainings, which
is 0 on average, is taken off. "Held" is how often the test accuracy, of which nothing is taken off, agrees with the
score without its luck: the 95 % interval of their difference (`compare_samples`) has 0 in it.

The table is for docs/search.md.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import pickle
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))

from replay.methods import own
from replay.methods.base import Kind, Search
from replay.results import mean_and_error
from replay.surrogate import UNKNOWN_SAMPLES, Curve, Surrogate, kept_epochs
from replay.tables import Table, read_table
from replay.workers import replay

from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord, Value, best_of
from tuner.search.optimism import optimism
from tuner.search.samplers import random_start
from tuner.search.study_reader import quiet_optuna
from tuner.training.score_error import compare_samples

WORKERS = 2
FEWEST_FITTED = 12  # trainings


@dataclass(frozen=True)
class Ended:
    """A replayed sweep."""

    records: list[TrialRecord]
    samples: int
    """Of the validation split."""
    tested: int
    """Test samples."""
    excess: float
    """Of the winner's validation accuracy over its test accuracy."""
    easier: float
    """What of it is taken off."""
    config: SweepConfig
    divided: bool


class Divided:
    """Recorded trainings in a random order, whose validation and test samples are divided anew. See Surrogate."""

    def __init__(self, file: Path, seed: int, trials: int) -> None:
        rng = np.random.default_rng(seed)
        with np.load(file, allow_pickle=False) as table:
            self.samples, self.tested = int(table["samples"]), int(table["tested"])
            whole = self.samples + self.tested
            right = np.unpackbits(table["right"][: len(table["right"]) - int(table["repeats"])], axis=-1, count=whole)
        order = rng.permutation(whole)
        self._validation, self._test = right[..., order[: self.samples]], right[..., order[self.samples :]]
        better = np.argsort(-right[:, -1].mean(axis=1), kind="stable")[: len(right) // 2]
        self.easier = float(self._validation[better, -1].mean() - self._test[better, -1].mean())
        first = rng.permutation(len(right))[: random_start(trials)]
        self._order = [*first, *rng.permutation(np.setdiff1d(better, first))]

    def __call__(self, parameters: Mapping[str, Value], seed: int) -> Curve:
        """The next training, whatever the parameters."""
        number = self._order.pop(0)
        accuracy, test = (split[number].mean(axis=-1).tolist() for split in (self._validation, self._test))
        return Curve(
            accuracy=accuracy,
            loss=[1 - each for each in accuracy],
            test=test,
            truth=test,
            kept=kept_epochs(accuracy, self.samples),
            seconds=1.0,
        )


def one(file: Path, trials: int, seed: int, divided: bool) -> Ended:
    """One sweep of so many trials."""
    table = read_table(file)
    curves = Divided(file, seed, trials) if divided else Surrogate(table, seed)
    samples = table.samples or UNKNOWN_SAMPLES
    ended: list[tuple[own.Own, SweepConfig]] = []
    found: dict[int, Curve] = {}

    def noted(parameters: Mapping[str, Value], of: int) -> Curve:
        found[len(found)] = curves(parameters, of)
        return found[len(found) - 1]

    @contextmanager
    def kept(asked: Search) -> Iterator[own.Own]:
        with own.tuner(asked, **({"sampler": "random"} if divided else {})) as method:
            ended.append((method, method.config))
            yield method

    search = Search.over(table, samples=samples, workers=WORKERS, seed=seed, trials=trials)
    with quiet_optuna():
        replay(Kind(make=kept), search, noted, (), math.inf)
    [(method, config)] = ended
    best = best_of(method.study.records())
    assert best is not None
    test = found[best.number].test[best.best_epoch - 1]
    easier = curves.easier if isinstance(curves, Divided) else offset(table, (best.score + test) / 2)
    tested = curves.tested if isinstance(curves, Divided) else 0
    return Ended(method.study.records(), samples, tested, best.score - test, easier, config, divided)


def offset(table: Table, accuracy: float) -> float:
    """By how much the validation split is easier than the test split, for trainings of about this accuracy."""
    last = table.curves[:, -1]
    mean, difference = last.mean(axis=1), last[:, 0] - last[:, 1]
    best = mean.argsort()[-max(FEWEST_FITTED, len(last) // 5) :]
    return float(np.polyval(np.polyfit(mean[best], difference[best], 1), accuracy))


def row(name: str, ended: list[Ended]) -> str:
    """A line of the table, in points."""
    said = [(optimism(each.config, each.records, each.samples), each) for each in ended]
    known = [(luck, each) for luck, each in said if luck is not None]
    cells = [name, f"{len(known)} of {len(ended)}"]
    for values in (
        [luck for luck, _ in known],
        [each.excess - each.easier for _, each in known],
        [luck - each.excess + each.easier for luck, each in known],
    ):
        found = mean_and_error([100 * value for value in values])
        cells.append(f"{found['mean']:.2f} ± {found['se']:.2f}")
    holds = [held(luck, each) for luck, each in known if each.divided]
    cells.append(f"{np.mean(holds):.0%}".replace("%", " %") if holds else "")
    return f"| {' | '.join(cells)} |"


def held(luck: float, each: Ended) -> bool:
    """Whether the test accuracy agrees with the score without its luck."""
    best = best_of(each.records)
    assert best is not None
    test = (best.score - each.excess) * each.tested
    low, high = compare_samples((best.score - luck) * each.samples, each.samples, test, each.tested).interval
    return low <= 0 <= high


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, nargs="*", default=[])
    parser.add_argument("--right", type=Path, nargs="*", default=[])
    parser.add_argument("--sizes", default="16,24,40")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--keep", type=Path, help="where the sweeps are kept")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    sweeps: dict[str, list[Ended]] = {}
    files = [*((file, False) for file in arguments.curves), *((file, True) for file in arguments.right)]
    print("| table, trials | told | luck, told | too much, found | difference | held |")
    print("|---|---|---|---|---|---|", flush=True)
    with ProcessPoolExecutor(arguments.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for (file, divided), trials in product(files, map(int, arguments.sizes.split(","))):
            if divided and len(read_table(file).curves) < 2 * trials:
                print(f"{file}: too few trainings for sweeps of {trials}", file=sys.stderr)
                continue
            seeds = range(arguments.seeds)
            jobs = [pool.submit(one, file, trials, seed, divided) for seed in seeds]
            name = f"{file.stem}{', divided anew' if divided else ''}, {trials}"
            sweeps[name] = [job.result() for job in jobs]
            print(row(name, sweeps[name]), flush=True)
            if arguments.keep:
                arguments.keep.write_bytes(pickle.dumps(sweeps))


if __name__ == "__main__":
    main()
