"""Measures the pairs by the command line, one process each, and writes the scores into the README.

make results                                   # all pairs, each with its budget: that takes many hours
make results PAIRS="mnist-cnn mnist-lenet"     # some of them; the others keep the rows that they have
python tests/benchmarks/results.py --command "tuner sweep digits cnn --trials 4"        # with another budget
python tests/benchmarks/results.py --command "tuner train ..." --from result.json       # the --json of that command,
    --hardware "8 cores, NVIDIA H200" --date 2026-01-31                                 # which has run elsewhere

Every row is kept in docs/results.json, with date, hardware and budget, and the table in README.md is made from it.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pages import hardware, parts, write

from tuner.core.score_text import score_digits, score_text
from tuner.core.scores import Interval
from tuner.core.units import format_number, format_seconds

BUDGETS = (
    "tuner sweep digits cnn",
    "tuner sweep digits lenet",
    "tuner sweep breast_cancer lstm",
    "tuner sweep mnist cnn --trials 4 --epochs 6"
    " --concurrency 1 --cpus-per-trial 1 --time-budget 28m --set optimizer=sgd --set ema=0.99",
    "tuner train mnist lenet --epochs 10",
    "tuner sweep fashion_mnist cnn --trials 4 --epochs 14"
    " --concurrency 1 --cpus-per-trial 1 --time-budget 45m --set optimizer=sgd --set cutout=0.1..0.4 --set ema=0.99",
    "tuner train fashion_mnist lenet --epochs 10",
    "tuner train cifar10 cnn --epochs 20 --set lr=0.08 --set weight_decay=0.0005",
    "tuner sweep cifar10 alexnet --trials 3 --epochs 36 --concurrency 1 --cpus-per-trial 1 --time-budget 40m"
    " --without-default --set optimizer=sgd --set lr=0.05 --set momentum=0.9 --set batch_size=128"
    " --set weight_decay=0.0002..0.001:log --set dropout=0..0.3 --set label_smoothing=0.1 --set ema=0.99"
    " --set cutout=0..0.3",
    "tuner sweep cifar10 zfnet --trials 2 --epochs 20 --concurrency 1 --cpus-per-trial 1 --time-budget 90m"
    " --without-default --set optimizer=sgd --set lr=0.05 --set momentum=0.9 --set batch_size=128"
    " --set weight_decay=0.0003..0.001:log --set dropout=0.1..0.4 --set label_smoothing=0.1 --set ema=0.99"
    " --set cutout=0,0.25",
    "tuner train cifar10 resnet --epochs 60 --set lr=0.15 --set weight_decay=0.0005 --set dropout=0",
    "tuner train imdb lstm --epochs 3 --set dropout=0.5",
    "tuner train imdb bilstm_attention --epochs 3",
    "tuner sweep cats_vs_dogs efficientnet_lite0",
    "tuner train cats_vs_dogs mobilenet_v2 --epochs 10",
    "tuner train cats_vs_dogs vgg16 --epochs 3",
)
ROOT = Path(__file__).parents[2]
MARK = "results"
COLUMNS = ("pair", "accuracy", "macro F1", "ROC-AUC", "parameters", "budget", "time")

Row = dict[str, Any]


def main() -> int:
    """Measures what was asked for and writes it. Returns the exit status: 1 when a command has failed."""
    arguments = parse()
    parts(arguments.readme, MARK)  # before hours of measuring
    if arguments.source:
        keep(json.loads(arguments.source.read_text(encoding="utf-8")), arguments.command, arguments)
        return 0
    failed = []
    for command in [arguments.command] if arguments.command else budgets(arguments.pairs):
        print(f"\n{command}", file=sys.stderr, flush=True)
        result = run(command, arguments.home)
        if result is None:
            failed.append(command)
        else:
            keep(result, command, arguments)
    for command in failed:
        print(f"failed, and its row is as it was: {command}", file=sys.stderr)
    return 1 if failed else 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="*", help="such as mnist-cnn; by default all")
    parser.add_argument("--command", help="a line of your own in place of the budgets")
    parser.add_argument(
        "--from", dest="source", type=Path, help="what --command has printed with --json: it is not run"
    )
    parser.add_argument("--hardware", help="what it ran on, by default this machine")
    parser.add_argument("--date", default=f"{datetime.now(UTC):%Y-%m-%d}", help="when it ran, by default today")
    parser.add_argument("--home", type=Path, default=ROOT / "runs" / "results", help="TUNER_HOME of the commands")
    parser.add_argument("--rows", type=Path, default=ROOT / "docs" / "results.json", help="where the rows are kept")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md", help="where the table is")
    arguments = parser.parse_args()
    if arguments.source and not arguments.command:
        parser.error("--from needs --command, the line that has printed the file")
    if arguments.command and arguments.pairs:
        parser.error("--command is a line of one pair: leave out the pairs")
    if arguments.command and not pair(arguments.command):
        parser.error(
            f"--command '{arguments.command}': write tuner sweep DATASET MODEL ... or tuner train DATASET MODEL ..."
        )
    known = [pair(command) for command in BUDGETS]
    if unknown := [name for name in arguments.pairs if name not in known]:
        parser.error(f"no budget for {', '.join(unknown)}: choose from {' '.join(known)}")
    return arguments


def budgets(pairs: Sequence[str]) -> list[str]:
    """The lines of some pairs, or of all when none is named."""
    return [command for command in BUDGETS if not pairs or pair(command) in pairs]


def pair(command: str) -> str:
    """DATASET-MODEL of a line; empty when it is none that trains."""
    words = shlex.split(command)
    return "-".join(words[2:4]) if len(words) > 3 and words[:2] in (["tuner", "sweep"], ["tuner", "train"]) else ""


def run(command: str, home: Path) -> dict[str, Any] | None:
    """The result that the command prints; None when it fails. Its progress goes to this process's stderr."""
    program = Path(sys.executable).with_name("tuner")
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    done = subprocess.run(
        [str(program), *shlex.split(command)[1:], "--json"],
        env={**environment, "TUNER_HOME": str(home.absolute())},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return json.loads(done.stdout) if done.returncode == 0 else None


def keep(result: dict[str, Any], command: str, arguments: argparse.Namespace) -> None:
    """Writes a result into the file of rows and into the table of the README."""
    name = pair(command)
    tested = result["model"]["uri"].removeprefix("models:/").partition("@")[0].partition("/")[0]
    if tested != name:
        sys.exit(f"the result is of {tested}, and the command of {name}")
    rows = json.loads(arguments.rows.read_text(encoding="utf-8")) if arguments.rows.exists() else {}
    rows[name] = make_row(result, command, arguments.date, arguments.hardware or hardware())
    order = [pair(line) for line in BUDGETS]
    rows = dict(sorted(rows.items(), key=lambda item: (order.index(item[0]) if item[0] in order else len(order), item)))
    write(arguments.rows, json.dumps(rows, indent=2) + "\n")
    before, after = parts(arguments.readme, MARK)
    write(arguments.readme, f"{before}{table(rows)}{after}")
    print(f"{name}: test accuracy {result['test']['accuracy']:.4f}", file=sys.stderr)


def make_row(result: dict[str, Any], command: str, date: str, hardware: str) -> Row:
    """What is kept of a result."""
    return {
        "command": command,
        "date": date,
        "hardware": hardware,
        "seconds": result["seconds"],
        "trials": sum(result["trials"].values()),
        "epochs": result["epochs"],
        "val_accuracy": result["best"].get("val_accuracy"),  # rows of a pair are compared by it, not on the test set
        "test": result["test"],
        "cost": result.get("cost") or measure_cost(result),
        "parameters": result["best"]["parameters"],
    }


def measure_cost(result: dict[str, Any]) -> dict[str, Any] | None:
    """The cost of a sweep of a version that did not measure it; None when its folder is gone."""
    from tuner.core.sweep_folder import SweepFolder
    from tuner.search.study_reader import read_records
    from tuner.training import model_cost
    from tuner.training.saved_model import load_model

    folder = Path(result["folder"])
    if not folder.exists():
        return None
    trial = read_records(SweepFolder(folder).journal)[result["best"]["trial"]]
    return asdict(model_cost.measure_cost(*load_model(folder / "model"), folder / "model", trial))


def table(rows: dict[str, Row]) -> str:
    """Markdown: a line for each machine, and the table."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    for name, row in rows.items():
        test, cost = row["test"], row["cost"]
        scores = [_score(test, name) for name in ("accuracy", "macro_f1", "roc_auc")]
        parameters = format_number(cost["parameters"]) if cost else ""
        cells = [name, *scores, parameters, f"`{row['command']}`", format_seconds(row["seconds"])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*machines(rows), "", *lines]) + "\n"


def _score(test: dict[str, Any], name: str) -> str:
    """The accuracy with its interval, the others with as many digits as their error allows, where that is known."""
    found = test.get(f"{name}_interval")
    interval = None if found is None else Interval(*found)
    return score_text(test[name], interval) if name == "accuracy" else score_digits(test[name], interval)


def machines(rows: dict[str, Row]) -> list[str]:
    """A line for each machine: when it has measured, and what, if there are several."""
    by_machine: dict[str, list[str]] = {}
    for name, row in rows.items():
        by_machine.setdefault(row["hardware"], []).append(name)
    lines = []
    for machine, names in by_machine.items():
        dates = sorted({rows[name]["date"] for name in names})
        when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        which = f": {', '.join(names)}" if len(by_machine) > 1 else ""
        lines.append(f"Measured {when} on {machine}{which}.")
    return "\n\n".join(lines).split("\n")


if __name__ == "__main__":
    sys.exit(main())
