"""The model that a trial has kept, built from its checkpoint."""

from __future__ import annotations

from typing import Any

from tuner.core.records import TrialRecord
from tuner.core.several_models import model_of
from tuner.data.spec import DataSpec
from tuner.training.classifier import Classifier, build_classifier
from tuner.training.hyperparameters import split_parameters


def trial_model(state: dict[str, Any], record: TrialRecord, data: DataSpec, models: str) -> Classifier:
    """The trial's model for `data` with the weights that the trial kept.

    Args:
        state: the trial's checkpoint, see `Training.state_dict`.
        record: its parameters.
        data: what it was trained on.
        models: those of its sweep.
    """
    _, arguments = split_parameters(models, record.parameters)
    built = build_classifier(data, model_of(models, record.parameters), arguments)
    built.load_state_dict(state["best_weights"])
    return built
