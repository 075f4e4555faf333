"""Tests the models that confirm a trial on the test split, each once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf

import torch

from tuner.core.confirmation import Confirmation
from tuner.core.records import TrialRecord
from tuner.core.scores import NumberScores, TestScores
from tuner.core.sweep_folder import checkpoint_folder
from tuner.data.spec import Splits
from tuner.search.spread import spread_of
from tuner.sweeps.confirming import Confirming
from tuner.sweeps.final_test import fetch_checkpoint
from tuner.training.answers import score_outputs
from tuner.training.checkpoint import CHECKPOINT_FILE
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.device import best_device
from tuner.training.frozen_weights import read_whole
from tuner.training.split_outputs import split_outputs
from tuner.training.trial_model import trial_model

_UNBOUNDED = ("loss", "rmse", "mae")  # scores that are at most 1 are shown with an interval that ends there


def score_models(
    confirming: Confirming,
    found: Confirmation,
    splits: Splits,
    storage: CheckpointStorage | None,
    before: Confirmation | None,
    warn: Callable[[str], None],
) -> Confirmation:
    """The confirmation with the test scores of its models.

    Args:
        confirming: the trainings, with their checkpoints.
        found: what they came to.
        splits: the data of the sweep.
        storage: where the checkpoints of these trainings are, if not in their folder.
        before: what the same plan came to with fewer seeds. Its models are not tested again: they are gone.
        warn: is told of a model that cannot be tested.

    Raises:
        SweepError: the storage does not answer.
    """
    known = _by_seed(before) if before else {}
    scores: dict[int, dict[str, float]] = {}
    for record in confirming.study.records():
        point = confirming.plan.points[record.number]
        if point.trial != found.trial or record.state != "COMPLETE":
            continue
        if point.seed in known:
            scores[point.seed] = known[point.seed]
        elif (tested := _test(confirming, record, splits, storage, warn)) is not None:
            scores[point.seed] = {name: tested.value(name) for name in tested.kind.tested}
    if not scores:
        return found
    names = [*next(iter(scores.values()))]
    most = {name: inf if name in _UNBOUNDED else 1.0 for name in names}
    least = dict.fromkeys(names, 0.0) | {"r2": -inf}
    test = {
        name: spread_of([each[name] for each in scores.values()], most=most[name], least=least[name]) for name in names
    }
    return replace(found, test=test, tested_seeds=tuple(scores))


def _by_seed(found: Confirmation) -> dict[int, dict[str, float]]:
    return {
        seed: {name: spread.values[at] for name, spread in found.test.items()}
        for at, seed in enumerate(found.tested_seeds)
    }


def _test(
    confirming: Confirming,
    record: TrialRecord,
    splits: Splits,
    storage: CheckpointStorage | None,
    warn: Callable[[str], None],
) -> TestScores | NumberScores | None:
    folder = checkpoint_folder(confirming.folder.trials, record.number)
    if storage:
        fetch_checkpoint(storage, record.number, folder / CHECKPOINT_FILE, confirming.config.name)
    state, damage = read_whole(folder)
    seed = confirming.plan.points[record.number].seed
    if state is None:
        warn(f"the model of seed {seed} is not tested: {damage or f'it has no checkpoint in {folder}'}")
        return None
    model = trial_model(state, record, splits.spec, confirming.config.model)
    device = best_device()
    data = confirming.config.data or ""
    outputs = split_outputs(model.to(device), "test", splits.test.inputs.to(device), data).cpu()
    if not bool(torch.isfinite(outputs).all()):
        warn(f"the model of seed {seed} is not counted: it gives NaN or infinity for test samples")
        return None
    return score_outputs(splits.spec, outputs, splits.test.targets)
