"""By how much must the best trial beat the default configuration, to be registered in its place?

python tests/benchmarks/default_rules.py --curves tests/benchmarks/curves/*.npz --trials 16,24 --seeds 30 --json OUT

Searches are replayed over recorded learning curves, see search_quality.py, with a default as trial 0 that is trained in
full. The default is a configuration that is better than a share QUANTILES of random ones, or the middle of the space.
A rule registers the default unless the best trial's validation accuracy is higher by more than so many standard errors
of the paired difference. The error needs predictions, which a table does not have. So it is assumed that only one of
two models is right for SHARED of the samples that this would be so for if they were independent; in trainings of MLPs
on a table and on images it was 0.39 and 0.35 of them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from replay.chance import Chance
from replay.methods import own
from replay.methods.base import Kind, Method, Search
from replay.results import mean_and_error
from replay.surrogate import Surrogate
from replay.tables import Parameters, Table, read_table
from replay.workers import replay

from tuner.core.records import DEFAULT_TRIAL, best_of, trial_seed
from tuner.search.start_points import fit_point
from tuner.search.study_reader import quiet_optuna

QUANTILES = (0.8, 0.9, 0.97)
RULES = (0.0, 0.5, 1.0, 1.645, 1.96)
SHARED = 0.4
TESTED = 5000  # samples of the test sets
DRAWS = 1500
Row = dict[str, Any]


def main() -> int:
    """Replays the searches, and prints a table for each default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", nargs="+", type=Path, required=True, metavar="FILE")
    parser.add_argument("--trials", default="16,24")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="OUT")
    asked = parser.parse_args()
    rows: list[Row] = []
    os.environ["OMP_NUM_THREADS"] = "1"
    with quiet_optuna():
        for file in asked.curves:
            table = read_table(file)
            for seed in range(asked.seeds):
                for trials in map(int, asked.trials.split(",")):
                    rows += list(replayed(table, seed, trials, asked.workers))
                print(f"{file.stem}: {seed + 1} of {asked.seeds}", file=sys.stderr)
    print_rules(rows)
    if asked.json:
        asked.json.write_text(json.dumps(rows) + "\n")
    return 0


def defaults(table: Table, surrogate: Surrogate) -> dict[str, Parameters]:
    """Configurations that stand for a default, by their names."""
    draw = Chance(np.random.default_rng(7))
    points = [table.space(draw) for _ in range(DRAWS)]
    order = np.argsort([surrogate(point, 0).truth[-1] for point in points])
    found = {"middle of the space": fit_point({}, table.space).parameters}
    return found | {f"better than {share:.0%}": points[order[int(share * DRAWS)]] for share in QUANTILES}


def replayed(table: Table, seed: int, trials: int, workers: int) -> Iterator[Row]:
    """A search with each of the defaults, and one without."""
    surrogate = Surrogate(table, seed)
    for name, default in {"none": None, **defaults(table, surrogate)}.items():
        start = {} if default is None else {"start": [default]}
        raw = {**table.raw_space, **start}
        first = default is not None
        search = Search.over(table, raw_space=raw, workers=workers, seed=seed, trials=trials, default_first=first)
        yield {"table": table.name, "default": name, "trials": trials, "seed": seed} | _scores(search, surrogate, start)


def _scores(search: Search, surrogate: Surrogate, start: dict[str, Any]) -> Row:
    """Validation and test accuracy of the best trial and of the default."""
    studies = []

    @contextmanager
    def kept(asked: Search) -> Iterator[Method]:
        with own.tuner(asked) as method:
            studies.append(method.study)
            yield method

    epochs = replay(Kind(make=kept), search, surrogate, (), math.inf).epochs
    records = studies[0].records()
    best = best_of(records)
    assert best is not None
    found: Row = {"epochs": epochs, "samples": search.samples}
    for key, record in {"best": best, **({"default": records[DEFAULT_TRIAL]} if start else {})}.items():
        curve = surrogate(record.parameters, trial_seed(search.seed, record.number))
        found |= {f"{key}_val": record.score, f"{key}_test": curve.test[record.best_epoch - 1]}
    return found


def error(first: float, second: float, samples: int) -> float:
    """The standard error of the difference of two accuracies on the same samples."""
    differing = max(SHARED * (first * (1 - second) + second * (1 - first)), abs(first - second), 1 / samples)
    return math.sqrt(max(differing - (first - second) ** 2, 1e-12) / samples)


def print_rules(rows: list[Row]) -> None:
    """For each default and rule: how often the default is registered, what is worse than it, the mean test score."""
    without = {(row["table"], row["trials"], row["seed"]): row for row in rows if row["default"] == "none"}
    for name in dict.fromkeys(row["default"] for row in rows if row["default"] != "none"):
        own_rows = [row for row in rows if row["default"] == name]
        gain = [row["best_test"] - without[row["table"], row["trials"], row["seed"]]["best_test"] for row in own_rows]
        less = mean_and_error(gain)
        print(f"\ndefault {name}: {len(own_rows)} sweeps, mean test accuracy of the default", end=" ")
        print(
            f"{np.mean([row['default_test'] for row in own_rows]):.4f}; the best trial, compared with a search", end=" "
        )
        print(f"without a default: {1e4 * less['mean']:+.0f} ±{1e4 * less['se']:.0f} in 0.0001")
        for rule in RULES:
            registered = [_registers_default(row, rule) for row in own_rows]
            tests = [row["default_test" if own else "best_test"] for row, own in zip(own_rows, registered, strict=True)]
            worse = [
                row["default_test"] - test > error(row["default_test"], row["best_test"], TESTED)
                for row, test in zip(own_rows, tests, strict=True)
            ]
            print(
                f"  more than {rule:5.3f} errors: default registered {np.mean(registered):6.1%}, "
                f"worse than the default {np.mean(worse):6.1%}, mean test accuracy {np.mean(tests):.4f}"
            )


def _registers_default(row: Row, rule: float) -> bool:
    difference = row["best_val"] - row["default_val"]
    return bool(difference <= rule * error(row["best_val"], row["default_val"], row["samples"]))


if __name__ == "__main__":
    sys.exit(main())
