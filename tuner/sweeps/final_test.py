"""The last step of a sweep's search: the best trial's model is saved, and tested once on the test split."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tuner.core import own_code
from tuner.core.config import SweepConfig
from tuner.core.errors import SweepError, one_line
from tuner.core.outcome import Winner
from tuner.core.records import TrialRecord
from tuner.core.refit import Refit
from tuner.core.sweep_folder import SweepFolder, checkpoint_folder
from tuner.data.spec import Splits, fingerprint
from tuner.training.answers import predictions_of, score_outputs
from tuner.training.checkpoint import CHECKPOINT_FILE
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.checkpoint_sync import INSISTENT, retry_after_pauses
from tuner.training.device import best_device
from tuner.training.epoch_metrics import EpochMetrics
from tuner.training.frozen_weights import read_whole
from tuner.training.hyperparameters import split_parameters
from tuner.training.model_cost import measure_cost
from tuner.training.saved_model import load_model, save_model
from tuner.training.split_outputs import split_outputs
from tuner.training.threshold import find_threshold, with_test_scores
from tuner.training.training_range import training_range
from tuner.training.trial_model import trial_model
from tuner.training.validation import score_model


def evaluate_best(
    config: SweepConfig,
    splits: Splits,
    best: TrialRecord,
    folder: SweepFolder,
    storage: CheckpointStorage | None,
    warn: Callable[[str], None],
    chosen_of: int = 1,
    refitted: Mapping[str, Tensor] | None = None,
) -> Winner:
    """Tests the weights that the best trial kept once on the test split, and saves them in the sweep's folder.

    Weights that were trained on all samples but those of the test set, with the same parameters, take their place if
    they are given as `refitted`. The validation score stays that of the trial's own, since these have seen the samples.

    It is the best of `chosen_of` trials. Its checkpoint is in that folder, or is fetched from `storage`. If the
    checkpoint does not hold the epoch that was kept according to the study, `warn` gets a message.
    """
    _, arguments = split_parameters(config.model, best.parameters)
    state = _checkpoint(config, best, folder, storage, warn)
    weights, held = state["best_weights"], EpochMetrics(**state["best_metrics"])
    model = folder.model
    seen = training_range(splits.spec, splits.train.inputs)
    data = replace(splits.spec, training_range=seen)
    own = trial_model(state, best, data, config.model).eval()
    validation = score_model(own, data, splits, chosen_of=chosen_of)
    threshold = find_threshold(own, splits, config.goal)
    if threshold and threshold.used:
        data = replace(data, threshold=threshold.value)
    save_model(model, data, config.model_of(best.parameters), arguments, weights if refitted is None else refitted)
    loaded, spec = load_model(model)
    cost = measure_cost(loaded, spec, model, best)  # on the CPU
    device = best_device()
    outputs = split_outputs(loaded.to(device), "test", splits.test.inputs.to(device), config.data or "").cpu()
    broken = int((~outputs.isfinite().all(1)).sum())
    if broken:
        shutil.rmtree(model)
        raise SweepError(
            f"the model of the best trial, {best.number}, gives NaN or infinity for {broken} of {len(outputs)} test "
            f"samples: it is not kept; all trials are in {folder.path}"
        )
    predictions_of(data, splits.test, outputs).save(folder.path)
    trained = splits.train.targets.cpu()
    if refitted is not None:
        trained = torch.cat([trained, splits.validation.targets.cpu()])
    return Winner(
        trial=best,
        epoch=held.epoch,
        val_score=held.numbers()[config.goal.score],
        val_loss=held.val_loss,
        scores=score_outputs(data, outputs, splits.test.targets, trained),
        cost=cost,
        test_data=fingerprint(splits.test),
        validation=validation,
        threshold=with_test_scores(threshold, outputs, splits.test.targets) if threshold else None,
        refit=None if refitted is None else Refit(epochs=held.epoch, samples=len(trained)),
    )


def _checkpoint(
    config: SweepConfig,
    best: TrialRecord,
    folder: SweepFolder,
    storage: CheckpointStorage | None,
    warn: Callable[[str], None],
) -> dict[str, Any]:
    """The best trial's checkpoint, see `evaluate_best`. Raises SweepError when there is none."""
    checkpoints = checkpoint_folder(folder.trials, best.number)
    if storage:
        fetch_checkpoint(storage, best.number, checkpoints / CHECKPOINT_FILE, config.name)
    state, damage = read_whole(checkpoints)
    if state is None:
        why = damage or f"the best trial has no checkpoint in {checkpoints}"
        raise SweepError(f"{why}; to train it again: {_again(config, best)}")
    held = EpochMetrics(**state["best_metrics"])
    if damage:
        warn(damage)
    score = config.goal.score
    noted, there = best.outcome(best.best_epoch)[score], held.numbers()[score]
    if (held.epoch, there) != (best.best_epoch, noted):
        warn(
            f"the saved model is trial {best.number} after epoch {held.epoch} ({score} {there:.4f}), the "
            f"one in its checkpoint; by the study it would be epoch {best.best_epoch} ({noted:.4f})"
        )
    return state


def _again(config: SweepConfig, best: TrialRecord) -> str:
    dataset, model = own_code.typed(config.dataset), own_code.typed(config.model_of(best.parameters))
    words = ["tuner", "train", dataset, model, "--from-trial", f"{config.name}/{best.number}"]
    return shlex.join([*words, *config.data_options])


def fetch_checkpoint(storage: CheckpointStorage, number: int, file: Path, name: str) -> None:
    """Fetches a trial's last checkpoint. Raises SweepError when the storage of the sweep `name` does not answer."""
    try:
        retry_after_pauses(lambda: storage.get(number, file), INSISTENT)
    except Exception as error:
        why = f"the checkpoint of a trial that is to be tested cannot be fetched now ({one_line(error)})"
        raise SweepError(f"{why}; when its storage answers again: tuner resume {name}") from error
