"""All methods on one table with one seed, and many of that side by side."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from time import process_time

import numpy as np

from replay.methods import METHODS
from replay.methods.base import Search
from replay.surrogate import Surrogate
from replay.tables import Parameters, Table, read_table
from replay.workers import Replayed, replay
from tuner.search.study_reader import quiet_optuna

NEAR = 0.005  # of accuracy: what is as good as the best of a table


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be replayed."""

    methods: tuple[str, ...]
    workers: int
    budgets: tuple[int, ...] = ()
    """Epochs in all. Empty when the searches end by themselves, after `trials`."""
    trials: int | None = None
    samples: int = 0
    """Of the validation sets; 0 to guess it."""
    default_first: bool = True
    """Whether all methods get the default configuration as their first point."""


Outcomes = dict[str, Replayed]


def outcomes(table: Table, plan: Plan, seed: int) -> tuple[Outcomes, dict[str, float]]:
    """What each method comes to with this seed, and the seconds of a core that it took."""
    found: Outcomes = {}
    seconds: dict[str, float] = {}
    with quiet_optuna():
        surrogate = Surrogate(table, seed)
        goal = surrogate.best() - NEAR
        for name in plan.methods:
            began = process_time()
            found[name] = _outcome(name, table, plan, seed, surrogate, goal)
            seconds[name] = process_time() - began
    return found, seconds


def _outcome(name: str, table: Table, plan: Plan, seed: int, surrogate: Surrogate, goal: float) -> Replayed:
    def run(budgets: Sequence[int]) -> Replayed:
        search = Search.over(
            table,
            workers=plan.workers,
            seed=seed,
            trials=plan.trials,
            budget=max(budgets, default=None),
            default_first=plan.default_first,
            **believed(table, seed),
        )
        return replay(METHODS[name], search, surrogate, budgets, goal)

    if METHODS[name].anytime or not plan.budgets:
        return run(plan.budgets)
    each = [run([budget]) for budget in sorted(plan.budgets)]
    scores = {budget: score for replayed in each for budget, score in replayed.scores.items()}
    return Replayed(scores=scores, epochs=each[-1].epochs, trials=each[-1].trials, near=each[-1].near)


def believed(table: Table, seed: int) -> dict[str, Parameters]:
    """The parameters of a recorded training among the best tenth, and of one among the worst tenth, drawn by seed."""
    order = np.argsort(table.curves[:, -1, 1], kind="stable")
    tenth = len(order) // 10
    rng = np.random.default_rng([seed, 7])
    good, bad = int(rng.choice(order[-tenth:])), int(rng.choice(order[:tenth]))
    return {"good": table.parameters[good], "bad": table.parameters[bad]}


def side_by_side(
    files: Sequence[Path], plan: Plan, seeds: int, jobs: int
) -> Iterator[tuple[str, int, Outcomes, dict[str, float]]]:
    """By table and seed, in the order in which they end."""
    if jobs == 1:
        for seed, file in product(range(seeds), files):
            yield file.stem, seed, *_run(file, plan, seed)
        return
    os.environ["OMP_NUM_THREADS"] = "1"  # of each of the processes that are started now
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        waited = {pool.submit(_run, file, plan, seed): (file.stem, seed) for seed, file in product(range(seeds), files)}
        for future in as_completed(waited):
            yield (*waited[future], *future.result())


def _run(file: Path, plan: Plan, seed: int) -> tuple[Outcomes, dict[str, float]]:
    return outcomes(read_table(file, plan.samples), plan, seed)
