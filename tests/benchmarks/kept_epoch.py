"""Which epoch's weights should a training keep? Compares rules on recorded trainings.

python tests/benchmarks/record_epochs.py digits-cnn build/epochs      # first: real trainings, epoch by epoch
python tests/benchmarks/kept_epoch.py build/epochs/*.npz              # a table for docs/search.md

Besides the files of record_epochs.py it reads recorded curves: an npz with `curves` (trainings, epochs, 2),
validation and test accuracy. They have no losses, so two rules are left out. --samples is for their validation samples.

Each row is a task, each column a rule: by how many points the test accuracy is above that of the best epoch, with the
standard error of the difference, over all trainings and over the best of 16 trainings, as a sweep would choose it. The
last row is the mean of the tasks above.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SUBSETS, DRAWS = 4, 400
BASE = "best epoch"


class Curves(NamedTuple):
    """Trainings of one task."""

    task: str
    accuracy: Floats
    """(trainings, epochs) on the validation samples."""
    loss: Floats | None
    """The same shape."""
    test: Floats
    """(trainings, epochs) test accuracy."""
    samples: int
    """Validation samples."""
    copies: int = 1
    """How often each training is there, with other validation samples."""


def main() -> None:
    """Prints a table in Markdown for each way of counting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--samples", type=int, default=400, help="validation samples of recorded curves")
    arguments = parser.parse_args()
    tasks: dict[str, list[Curves]] = defaultdict(list)
    for file in arguments.files:
        for curves in read(file, arguments.samples):
            tasks[curves.task].append(curves)
    joined = {
        task: join(parts)
        for task, parts in sorted(tasks.items(), key=lambda item: (item[0].partition(",")[0], item[1][0].samples))
    }
    for title, count in (("all trainings", all_trainings), ("best of 16", best_of_sixteen)):
        found = {task: count(curves) for task, curves in joined.items()}
        names = list(dict.fromkeys(rule for row in found.values() for rule in row if rule != BASE))
        print(f"\n| {title} | trainings | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}")
        for task, row in found.items():
            cells = [f"{row[rule][0]:+.2f} ± {row[rule][1]:.2f}" if rule in row else "" for rule in names]
            print(f"| {task} | {len(joined[task].test) // joined[task].copies} | {' | '.join(cells)} |")
        rows = [[row[rule] for row in found.values() if rule in row] for rule in names]
        means = [f"{np.mean([m for m, _ in r]):+.2f} ± {np.hypot.reduce([e for _, e in r]) / len(r):.2f}" for r in rows]
        print(f"| mean | | {' | '.join(means)} |")


def read(file: Path, of_curves: int) -> list[Curves]:
    """The tasks in a file: for recorded trainings, one for each size of the validation set."""
    rng = np.random.default_rng(0)
    with np.load(file) as held:
        if "curves" in held:
            curves = held["curves"].astype(float)
            return [Curves(f"{file.stem}, {of_curves}", curves[..., 0], None, curves[..., 1], of_curves)]
        correct, loss, test = (held[name] for name in ("val_correct", "val_loss", "test_accuracy"))
    found, pool = [], correct.shape[2]
    for samples in (40, 100, pool):
        parts = [rng.choice(pool, samples, replace=False) for _ in range(SUBSETS if samples < pool else 1)]
        accuracy = np.concatenate([correct[..., part].mean(2) for part in parts])
        losses = np.concatenate([loss[..., part].mean(2, dtype=float) for part in parts])
        tests = np.concatenate([test.astype(float)] * len(parts))
        task = f"{file.stem.rpartition('-')[0]}, {samples}"
        found.append(Curves(task, accuracy, losses, tests, samples, len(parts)))
    return found


def join(parts: list[Curves]) -> Curves:
    """The trainings of several files."""
    first, loss = parts[0], [part.loss for part in parts if part.loss is not None]
    return first._replace(
        accuracy=np.concatenate([part.accuracy for part in parts]),
        loss=np.concatenate(loss) if loss else None,
        test=np.concatenate([part.test for part in parts]),
    )


def rules(curves: Curves) -> dict[str, NDArray[np.int64]]:
    """By rule, the index of the epoch that each training keeps."""
    accuracy, loss = curves.accuracy, curves.loss
    epochs = accuracy.shape[1]
    peak = accuracy.max(1, keepdims=True)
    error = np.sqrt(peak * (1 - peak) / curves.samples)
    near = accuracy >= peak - error - 1e-9
    before = np.pad(accuracy, ((0, 0), (2, 0)), mode="edge")
    mean = (before[:, :-2] + before[:, 1:-1] + before[:, 2:]) / 3
    found = {
        BASE: (accuracy if loss is None else accuracy + 1e-6 / (1 + loss)).argmax(1),
        "last epoch": np.full(len(accuracy), epochs - 1),
        "last within one standard error": last(near),
        "last within that, or one sample": last(accuracy >= peak - np.maximum(error, 1 / curves.samples) - 1e-9),
        "last within half of one": last(accuracy >= peak - error / 2 - 1e-9),
        "best running mean of three": last(mean >= mean.max(1, keepdims=True) - 1e-9),
    }
    if loss is not None:
        found["lowest validation loss"] = loss.argmin(1)
        found["lowest loss within one"] = np.where(near, loss, np.inf).argmin(1)
    return found


def last(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The last true epoch of each training."""
    found: NDArray[np.int64] = np.where(chosen, np.arange(chosen.shape[1]), 0).max(1)
    return found


def all_trainings(curves: Curves) -> dict[str, tuple[float, float]]:
    """By rule, the mean difference to the best epoch in points of test accuracy, and its standard error."""
    kept, rows = rules(curves), np.arange(len(curves.test))
    base = curves.test[rows, kept[BASE]]
    differences = {rule: 100 * (curves.test[rows, epoch] - base) for rule, epoch in kept.items()}
    trainings = len(rows) / curves.copies
    return {rule: (float(each.mean()), float(each.std() / trainings**0.5)) for rule, each in differences.items()}


def best_of_sixteen(curves: Curves) -> dict[str, tuple[float, float]]:
    """The same for the winner of 16 trainings by the accuracy of the kept epoch; its error is a bootstrap's."""
    kept, rows = rules(curves), np.arange(len(curves.test))
    scores = {rule: curves.accuracy[rows, epoch] for rule, epoch in kept.items()}
    tests = {rule: curves.test[rows, epoch] for rule, epoch in kept.items()}
    rng = np.random.default_rng(0)
    means: dict[str, list[float]] = defaultdict(list)
    for _ in range(40):  # of the trainings that there are
        drawn = rng.choice(len(rows), (DRAWS, 16))
        drawn = rng.choice(len(rows), len(rows))[drawn]
        for rule in kept:
            winner = drawn[np.arange(DRAWS), scores[rule][drawn].argmax(1)]
            means[rule].append(float(tests[rule][winner].mean()))
    base = np.array(means[BASE])
    return {rule: (float((100 * (m - base)).mean()), float((100 * (m - base)).std())) for rule, m in means.items()}


if __name__ == "__main__":
    main()
