"""Compares methods of search by the model that they find: replayed over recorded learning curves.

python tests/benchmarks/search_quality.py --curves tests/benchmarks/curves/*.npz --methods tuner,ray,optuna+sha
python tests/benchmarks/search_quality.py --curves a.npz --methods tuner,default --trials 16 --json out.json

The project's own study, scheduler and controller, or another package's, drive simulated workers on a fake clock. What
an epoch of a trial reports comes from a surrogate of the recorded curves: see replay/surrogate.py. Each seed has its
own sample of the recorded trainings, so that the standard errors hold the chance of the table too. Differences are
paired by seed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

from replay.against import read_results, since
from replay.methods import METHODS, chosen
from replay.results import Json, summary, text
from replay.runs import Plan, side_by_side
from replay.tables import read_table
from replay.workers import Replayed

from tuner.core.errors import TunerError

BUDGETS = "108,216,432,864"


def main() -> int:
    """Replays what was asked for. Returns the exit status."""
    arguments = parse()
    try:
        run(arguments)
    except TunerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", nargs="*", type=Path, required=True, metavar="FILE")
    parser.add_argument("--methods", default="tuner,random", help=f"some of {', '.join(METHODS)}")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=40)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--budgets", default=BUDGETS, help=f"epochs in all, by default {BUDGETS}")
    length.add_argument("--trials", type=int, help="searches of so many trials that end by themselves")
    parser.add_argument("--baseline", help="the method that the others are compared with; by default the first")
    parser.add_argument("--no-default", action="store_true", help="do not begin with the default configuration")
    parser.add_argument(
        "--samples",
        type=int,
        default=0,
        help="of the validation sets, where a table does not say it and the guess is wrong",
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes; by default one for each core")
    parser.add_argument("--against", type=Path, metavar="OLD", help="the --json of another version, compared by seed")
    parser.add_argument("--json", type=Path, metavar="OUT")
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> None:
    """Prints a table for each file, and writes the JSON."""
    plan, files = checked(arguments)
    baseline: str = arguments.baseline or plan.methods[0]
    before = read_results(arguments.against) if arguments.against else {}
    found: dict[str, dict[str, dict[int, Replayed]]] = {
        file.stem: {method: {} for method in plan.methods} for file in files
    }
    seconds: dict[str, list[float]] = {method: [] for method in plan.methods}
    began = perf_counter()
    for done, (name, seed, outcomes, took) in enumerate(side_by_side(files, plan, arguments.seeds, arguments.jobs), 1):
        for method, replayed in outcomes.items():
            found[name][method][seed] = replayed
            seconds[method].append(took[method])
        print(f"{done} of {len(files) * arguments.seeds}, {perf_counter() - began:.0f} s", file=sys.stderr)
    results: Json = {name: summary(methods, plan.budgets, baseline) for name, methods in found.items()}
    for name, result in results.items():
        print(text(name, result, plan.budgets, baseline))
        if lines := since(result, before.get(name, {})):
            print(f"minus {arguments.against}, paired by seed, in 0.0001", *lines, sep="\n")
        print()
    print(
        "seconds of a core for a search: "
        + ", ".join(f"{method} {sum(all_) / len(all_):.1f}" for method, all_ in seconds.items())
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


def checked(arguments: argparse.Namespace) -> tuple[Plan, list[Path]]:
    """What is to be done. Raises TunerError for what cannot be."""
    for option in ("workers", "seeds", "jobs", "trials"):
        value = getattr(arguments, option)
        if value is not None and value < 1:
            raise TunerError(f"--{option} must be at least 1, got {value}")
    methods, notes = chosen(arguments.methods.split(","))
    print(*notes, sep="\n", end="\n" if notes else "", file=sys.stderr)
    if not methods:
        raise TunerError("--methods: none of these can run here")
    if arguments.baseline and arguments.baseline not in methods:
        raise TunerError(f"--baseline {arguments.baseline}: choose one of {', '.join(methods)}")
    files = list(dict.fromkeys(arguments.curves))
    if not files:
        raise TunerError("--curves: no file of learning curves: record some with make curves")
    names = [file.stem for file in files]
    if twice := {name for name in names if names.count(name) > 1}:
        raise TunerError(f"--curves: two files are called {min(twice)}")
    for file in files:
        read_table(file, arguments.samples)
    return Plan(
        methods=tuple(methods),
        workers=arguments.workers,
        budgets=() if arguments.trials else _budgets(arguments.budgets),
        trials=arguments.trials,
        samples=arguments.samples,
        default_first=not arguments.no_default,
    ), files


def _budgets(written: str) -> tuple[int, ...]:
    parts = written.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise TunerError(f"--budgets {written}: give whole numbers of epochs, such as {BUDGETS}")
    return tuple(sorted(map(int, set(parts))))


if __name__ == "__main__":
    sys.exit(main())
