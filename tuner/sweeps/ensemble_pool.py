"""The trained models of a sweep that an ensemble can have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tuner.core.config import SweepConfig
from tuner.core.kept_checkpoints import kept_for_ensemble
from tuner.core.outcome import Winner
from tuner.core.own_code import title
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder, checkpoint_folder
from tuner.data.spec import DataSpec, Splits
from tuner.sweeps.choice import MissingError, kept_state, validation_outputs
from tuner.sweeps.confirming import Confirming
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.classifier import Classifier, is_pretrained
from tuner.training.hyperparameters import split_parameters
from tuner.training.score_error import Floats
from tuner.training.trial_model import trial_model


@dataclass(frozen=True, kw_only=True)
class EnsembleSources:
    """What a sweep's ensemble is made of."""

    config: SweepConfig
    folder: SweepFolder
    splits: Splits
    records: Sequence[TrialRecord]
    winner: Winner
    confirming: Confirming | None = None
    storage: CheckpointStorage | None = None


@dataclass(frozen=True, kw_only=True)
class PoolModel:
    """One of them."""

    key: str
    record: TrialRecord
    model: str
    arguments: dict[str, Any]
    weights: dict[str, torch.Tensor]
    built: Classifier
    answers: Floats
    """(samples, outputs) for the whole validation split: probabilities, or numbers in the unit of the target."""

    @property
    def title(self) -> str:
        """The model's name, for people."""
        return title(self.model)

    def mixes_with(self, other: PoolModel) -> bool:
        """Whether both have one network, and began with the same pretrained weights."""
        alike = self.model == other.model and is_pretrained(self.model, self.arguments)
        both = is_pretrained(other.model, other.arguments) and self.weights.keys() == other.weights.keys()
        return alike and both and all(value.shape == other.weights[name].shape for name, value in self.weights.items())


def make_pool(
    config: SweepConfig,
    folder: SweepFolder,
    splits: Splits,
    records: Sequence[TrialRecord],
    winner: TrialRecord,
    confirming: Confirming | None = None,
    storage: CheckpointStorage | None = None,
) -> list[PoolModel]:
    """All models that are there, the single winner's first.

    The trainings that confirm a trial with other seeds are among them, unless they had other validation samples.

    Raises:
        SweepError: the storage of the checkpoints does not answer.
    """
    kept = [each for each in kept_for_ensemble(config, records) if each.number != winner.number] if storage else []
    here = [
        record
        for record in records
        if record.feasible and record.number != winner.number and _is_here(folder, record) and record not in kept
    ]
    found = [
        _read(config, record, folder, storage if record in kept or record is winner else None, splits)
        for record in (winner, *kept, *here)
    ]
    if confirming and not confirming.plan.reshuffle and not confirming.plan.folds:
        place = confirming.storage_in(storage)
        done = [record for record in confirming.records() if record.state == "COMPLETE"]
        found += [_read(confirming.config, record, confirming.folder, place, splits) for record in done]
    return [each for each in found if each is not None and np.isfinite(each.answers).all()]


def answers_of(data: DataSpec, outputs: torch.Tensor) -> Floats:
    """(samples, outputs) probabilities, or numbers in the unit of the target, of a network's outputs."""
    if data.number is not None:
        numbers: Floats = data.number.unscaled(outputs)[:, None].double().numpy()
        return numbers
    probabilities: Floats = torch.softmax(outputs.double(), 1).numpy()
    return probabilities


def _is_here(folder: SweepFolder, record: TrialRecord) -> bool:
    return checkpoint_folder(folder.trials, record.number).is_dir()


def _read(
    config: SweepConfig, record: TrialRecord, folder: SweepFolder, storage: CheckpointStorage | None, splits: Splits
) -> PoolModel | None:
    """None for one whose checkpoint is gone or damaged."""
    try:
        state = kept_state(config, record, folder, storage)
    except MissingError:
        return None
    built = trial_model(state, record, splits.spec, config.model).eval()
    outputs = validation_outputs(config, built, splits)
    _, arguments = split_parameters(config.model, record.parameters)
    return PoolModel(
        key=str(record.key),
        record=record,
        model=config.model_of(record.parameters),
        arguments=arguments,
        weights=state["best_weights"],
        built=built,
        answers=answers_of(splits.spec, outputs.float()),
    )
