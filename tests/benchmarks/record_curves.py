"""Records the learning curves of random configurations of a pair, for search_quality.py.

python tests/benchmarks/record_curves.py digits-cnn breast_cancer-lstm table-mlp --seconds 3600
python tests/benchmarks/record_curves.py fashion_mnist-lenet --limit 3000 --test-limit 2000 --folder build/curves

The trainings are those of the product, but for the test samples, which are looked at after every epoch. Pairs of the
catalog have their own search space; table-mlp is an artificial table with the space of table-mlp.toml, in which few
configurations are good. Pairs are recorded side by side, a process each. The last eighth of the time is for repetitions
of the first configurations with another seed. With --add, trainings are added to those of a file that is there. The
files hold what replay/tables.py reads. With --right they also say which samples each training had right after each
epoch, so that these can be divided anew: see luck.py.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from record_epochs import table
from replay.chance import Chance
from replay.tables import FEWEST, Parameters, read_table
from torch import nn

from tuner.core import catalog
from tuner.core.errors import TunerError, unknown
from tuner.data.source import Source
from tuner.data.spec import DataSpec, Split, stratified
from tuner.search.space import SearchSpace
from tuner.search.space_file import parse_space, read_toml
from tuner.training.classifier import build_classifier, predict_logits
from tuner.training.hyperparameters import split_parameters
from tuner.training.loop import Training, fit

HERE = Path(__file__).parent
OWN = "table-mlp"
TRAIN, VALIDATION = 700, 500  # rows of the artificial table; the others are for the test
REPEATED = 1 / 8  # of the time
Curve = list[tuple[float, float]]
"""Validation and test accuracy after each epoch."""
Bits = npt.NDArray[np.uint8]
"""Which samples are right after each epoch, those of the validation first: (epochs, samples) bits, packed."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is trained, and on what."""

    spec: DataSpec
    train: Split
    validation: Split
    test: Split
    model: str
    space_text: str

    @property
    def space(self) -> SearchSpace:
        """The parsed text."""
        return parse_space(read_toml(self.space_text, self.model), self.model)


@dataclass(frozen=True, kw_only=True)
class Order:
    """One table to record."""

    pair: str
    folder: Path
    seconds: float
    seed: int
    limit: int | None
    test_limit: int | None
    add: bool = False
    right: bool = False

    @property
    def file(self) -> Path:
        """Where the table is written."""
        return self.folder / f"{self.pair}.npz"


@dataclass(frozen=True)
class Recorded:
    """Trainings. The last `repeats` of them repeat the first ones with another seed."""

    parameters: list[Parameters]
    curves: list[Curve]
    repeats: int
    rights: list[Bits]
    """One for each curve."""

    @property
    def once(self) -> int:
        """How many configurations there are."""
        return len(self.curves) - self.repeats

    def __add__(self, other: Recorded) -> Recorded:
        """Those of both."""
        order = [(self, range(self.repeats)), (other, range(other.repeats))]
        order += [(self, range(self.repeats, self.once)), (other, range(other.repeats, other.once))]
        order += [(self, range(self.once, len(self.curves))), (other, range(other.once, len(other.curves)))]
        places = [(recorded, place) for recorded, found in order for place in found]
        return Recorded(
            [recorded.parameters[place] for recorded, place in places],
            [recorded.curves[place] for recorded, place in places],
            self.repeats + other.repeats,
            [recorded.rights[place] for recorded, place in places],
        )


def main() -> int:
    """Records what was asked for. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="+", metavar="PAIR", help=f"DATASET-MODEL of the catalog, or {OWN}")
    parser.add_argument("--folder", type=Path, default=HERE / "curves")
    parser.add_argument("--seconds", type=float, default=3600.0, help="for each pair")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="training and validation samples together, of pairs of the catalog")
    parser.add_argument("--test-limit", type=int, help="test samples")
    parser.add_argument("--add", action="store_true", help="add to the trainings of a file that is there")
    parser.add_argument("--right", action="store_true", help="keep which samples are right; not with --add")
    given = vars(parser.parse_args())
    pairs = given.pop("pairs")
    if given["add"] and given["right"]:
        parser.error("--right cannot be told of trainings that are there already: leave out --add")
    try:
        for pair in pairs:
            check(pair)
    except TunerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    given["folder"].mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(len(pairs), mp_context=get_context("spawn")) as pool:
        try:
            for line in pool.map(record, [Order(pair=pair, **given) for pair in pairs]):
                print(line)
        except TunerError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    return 0


def check(pair: str) -> None:
    """Raises TunerError for a pair that cannot be recorded."""
    known = [*catalog.names("search_spaces"), OWN]
    if pair not in known:
        raise unknown("pair", pair, known)


def record(order: Order) -> str:
    """Trains until the time is over, and writes the table. Returns a line about it."""
    torch.set_num_threads(1)
    task = task_of(order)
    found = before(order, task)
    found += trained(task, order, np.random.default_rng([order.seed, len(found.curves)]))
    told: dict[str, npt.ArrayLike] = {}
    if order.right:
        told = {"right": np.array(found.rights), "tested": len(task.test.targets)}
    np.savez_compressed(
        order.file,
        space=task.space_text,
        params=json.dumps(found.parameters),
        curves=np.array(found.curves, dtype=np.float16),
        repeats=found.repeats,
        samples=len(task.validation.targets),
        **told,  # type: ignore[arg-type]  # of its fourth argument, a bool
    )
    return f"{order.file}: {found.once} trainings and {found.repeats} repetitions of {task.space.epochs} epochs"


def before(order: Order, task: Task) -> Recorded:
    """What the file has already, if that is to stay. Raises TunerError if it is another task."""
    if not (order.add and order.file.exists()):
        return Recorded([], [], 0, [])
    table = read_table(order.file)
    if table.raw_space != read_toml(task.space_text, task.model) or table.samples != len(task.validation.targets):
        raise TunerError(f"{order.file}: recorded in another search space, or with other samples")
    nothing = np.zeros((0, 0), dtype=np.uint8)
    return Recorded(table.parameters, table.curves.tolist(), table.repeats, [nothing] * len(table.curves))


def trained(task: Task, order: Order, rng: np.random.Generator) -> Recorded:
    """New trainings."""
    began = time.monotonic()
    parameters: list[Parameters] = []
    found: list[tuple[Curve, Bits]] = []
    while len(found) < FEWEST or time.monotonic() - began < order.seconds * (1 - REPEATED):
        parameters.append(task.space(Chance(rng)))
        found.append(training(task, parameters[-1], int(rng.integers(2**31))))
    once = len(found)
    while len(found) == once or (time.monotonic() - began < order.seconds and len(found) < 2 * once):
        parameters.append(parameters[len(found) - once])
        found.append(training(task, parameters[-1], int(rng.integers(2**31))))
    curves, rights = map(list, zip(*found, strict=True))
    return Recorded(parameters, curves, len(found) - once, rights)


def training(task: Task, parameters: Parameters, seed: int) -> tuple[Curve, Bits]:
    """A training: its curve, and which samples it has right."""
    torch.manual_seed(seed)
    hyperparameters, options = split_parameters(task.model, parameters)
    network = build_classifier(task.spec, task.model, options)
    state = Training(network, hyperparameters, epochs=task.space.epochs, seed=seed, device=torch.device("cpu"))
    curve: Curve = []
    rows: list[npt.NDArray[np.bool_]] = []
    for _ in fit(state, task.train, task.validation, task.spec.augment):
        each = [right(state.model, split) for split in (task.validation, task.test)]
        curve.append((float(each[0].mean()), float(each[1].mean())))
        rows.append(np.concatenate(each))
    return curve, np.packbits(rows, axis=1)


@torch.inference_mode()
def right(model: nn.Module, split: Split) -> npt.NDArray[np.bool_]:
    """Which samples of a split a model has right."""
    found: npt.NDArray[np.bool_] = (predict_logits(model, split.inputs).argmax(1) == split.targets).numpy()
    return found


def task_of(order: Order) -> Task:
    """Loads the samples and the search space of a pair."""
    dataset, _, model = order.pair.rpartition("-")
    if order.pair == OWN:
        (spec, inputs, targets), _ = table()
        begins = (0, TRAIN, TRAIN + VALIDATION, len(targets))
        train, validation, test = (Split(inputs[a:b], targets[a:b]) for a, b in pairwise(begins))
        text = (HERE / f"{OWN}.toml").read_text()
    else:
        splits = Source.parse(dataset, None).load()
        splits = splits.limit(order.limit) if order.limit else splits
        spec, train, validation, test = splits.spec, splits.train, splits.validation, splits.test
        text = catalog.search_space(dataset, model)
    if order.test_limit and order.test_limit < len(test.targets):
        _, kept = stratified(test.targets, order.test_limit / len(test.targets))
        test = Split(test.inputs[kept], test.targets[kept])
    return Task(spec=spec, train=train, validation=validation, test=test, model=model, space_text=text)


if __name__ == "__main__":
    sys.exit(main())
