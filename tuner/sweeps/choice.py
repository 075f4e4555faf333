"""Which trial of a sweep becomes its model: the one with the best validation score, or the default configuration.

The default is trial 0 and is trained in full; with several models there is one of each, and the best of them counts.
The best trial was chosen for its score, so a part of that is luck. It
has to beat the default on the same validation samples; else the default is what is registered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from tuner.core.against_default import AgainstDefault
from tuner.core.config import SweepConfig
from tuner.core.own_code import title
from tuner.core.records import DEFAULT_TRIAL, TrialRecord, best_of
from tuner.core.sweep_folder import SweepFolder, checkpoint_folder
from tuner.data.spec import Splits
from tuner.search.study import Study
from tuner.sweeps.final_test import fetch_checkpoint
from tuner.training.answers import compare, decoded, error_of
from tuner.training.checkpoint import CHECKPOINT_FILE
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.classifier import Classifier
from tuner.training.device import autocast, best_device
from tuner.training.frozen_weights import read_whole
from tuner.training.split_outputs import split_outputs
from tuner.training.trial_model import trial_model

LEAST_ERRORS = 0.5  # standard errors by which the best trial must beat the default: docs/search.md has the measurement
NOTED = "against_default"  # what the study remembers, so that a resumed sweep chooses alike


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is registered."""

    trial: TrialRecord
    default: AgainstDefault | None
    """How the best trial compares with the default; None for a sweep without one."""


class MissingError(Exception):
    """Why two trials cannot be compared, in one line."""


def choose(
    config: SweepConfig,
    study: Study,
    folder: SweepFolder,
    storage: CheckpointStorage | None,
    splits: Splits,
    best: TrialRecord | None = None,
) -> Choice | None:
    """The trial that becomes the model, once the search is over; None when no trial has a score.

    `best` is the best trial where that is not the one with the best score: see `sweeps.finalists`.

    The comparison is made once, and noted in the study. Only what has changed since makes it anew: another best trial,
    or more epochs of the default.

    Raises:
        SweepError: the storage of the checkpoints does not answer.
    """
    best = best or study.best()
    if best is None or not config.default:
        return Choice(trial=best, default=None) if best else None
    defaults = study.records()[: config.defaults]
    default = best_of(defaults) or defaults[DEFAULT_TRIAL]
    raw = study.noted(NOTED) or {}
    if [raw.get(key) for key in ("best", "trial", "epochs")] == [best.number, default.number, default.epoch]:
        found = AgainstDefault.from_json(raw)
    else:
        found = _compare(config, best, default, folder, storage, splits)
        study.note(NOTED, found.to_json())
    return Choice(trial=default if found.registered else best, default=found)


def _compare(
    config: SweepConfig,
    best: TrialRecord,
    default: TrialRecord,
    folder: SweepFolder,
    storage: CheckpointStorage | None,
    splits: Splits,
) -> AgainstDefault:
    """What the validation samples say of the two."""
    model = title(config.model_of(default.parameters)) if config.several and default.parameters else ""
    found = AgainstDefault(best=best.number, trial=default.number, model=model, epochs=default.epoch)
    if best.number == default.number:
        return replace(found, registered=True)
    if why := _out_of_question(config, default):
        return replace(found, missing=why)
    try:
        first, second = (predicted(config, each, folder, storage, splits) for each in (best, default))
    except MissingError as reason:
        return replace(found, missing=str(reason))
    scored = splits.whole_validation.targets.numpy(), first.numpy(), second.numpy()
    difference = compare(*scored)
    registered = difference.size <= LEAST_ERRORS * error_of(*scored)
    return replace(found, difference=difference, registered=registered)


def _out_of_question(config: SweepConfig, default: TrialRecord) -> str:
    """Why the default cannot be the winner; empty if it can."""
    if default.state == "FAIL":
        return f"the default failed: {default.reason}"
    if broken := config.goal.broken(default.outcome(default.best_epoch)):  # maybe before its first epoch
        return f"the default has {broken}"
    return "" if default.ranked else "the default finished no epoch"


def predicted(
    config: SweepConfig, record: TrialRecord, folder: SweepFolder, storage: CheckpointStorage | None, splits: Splits
) -> Tensor:
    """(samples,) the classes or numbers that a trial's model predicts for the whole validation split.

    Raises:
        MissingError: it has no checkpoint.
        SweepError: the storage of the checkpoints does not answer.
    """
    state = kept_state(config, record, folder, storage)
    return decoded(
        splits.spec, validation_outputs(config, trial_model(state, record, splits.spec, config.model), splits)
    )


def kept_state(
    config: SweepConfig, record: TrialRecord, folder: SweepFolder, storage: CheckpointStorage | None
) -> dict[str, Any]:
    """The checkpoint of a trial, or of a training, whose checkpoints are in `folder`. Raises as `predicted` does."""
    checkpoints = checkpoint_folder(folder.trials, record.number)
    if storage:
        fetch_checkpoint(storage, record.number, checkpoints / CHECKPOINT_FILE, config.name)
    state, damage = read_whole(checkpoints)
    if state is None:
        raise MissingError(damage or f"trial {record.number} has no checkpoint in {checkpoints}")
    return state


def validation_outputs(config: SweepConfig, model: Classifier, splits: Splits) -> Tensor:
    """(samples, outputs) of a trial's model for the whole validation split, as trials are validated."""
    device = best_device()
    with autocast(device):  # as trials are validated, so that equal scores are equal here
        part = "validation" if splits.before_limit is None else "whole validation"
        inputs = splits.whole_validation.inputs.to(device)
        return split_outputs(model.to(device), part, inputs, config.data or "", exact=False).cpu()
