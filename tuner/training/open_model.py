"""Opens whatever answers: a saved model, an ensemble, or an exported file. All are used alike.

model, data = open_model(path)
answers(model, data, samples)           # of saved_model: raw samples to a data frame
predict(model, data, batch_of_samples)  # of prediction: what `tuner predict` prints
"""

from __future__ import annotations

from pathlib import Path

from torch import nn

from tuner.data.spec import DataSpec
from tuner.training.exported_model import is_exported, load_exported
from tuner.training.model_description import ModelDescription
from tuner.training.saved_model import load_model, own_code_in


def open_model(path: Path) -> tuple[nn.Module, DataSpec]:
    """The model in a folder or file, on the CPU and in evaluation mode, and the data that it was made for.

    The module takes (samples, *data.shape) raw samples, and gives (samples, classes) logits, or (samples, 1) scaled
    numbers: what `saved_model.answers`, `prediction.predict` and `validation.score_model` take.

    Raises:
        TunerError: a file is missing or damaged, or the library that runs it is not installed.
    """
    if is_exported(path):
        return load_exported(path)
    description = ModelDescription.load(path)
    if description.members:
        from tuner.training.ensemble_model import load_ensemble  # noqa: PLC0415 - few models are one

        return load_ensemble(path, description)
    return load_model(path)


def own_code_run_by(path: Path) -> str:
    """The files of a user's own code that opening it runs; empty for models of the catalog, and for exported files."""
    return "" if is_exported(path) else own_code_in(path)
