"""An exported file as a model: what `tuner export` has written, used like the saved model that it was made of.

    model, data = load_exported(Path("digits-cnn.onnx"))
    answers(model, data, ["five.png"])     # of saved_model, as for any model

The file has the network with its normalisation. How files, cells and words become tensors is in its record, which is
the description of a saved model (`model_description`).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from tuner.core.errors import TunerError
from tuner.core.files import is_file
from tuner.data.spec import DataSpec
from tuner.data.texts import lengths
from tuner.training import onnx_file, pt2_file
from tuner.training.export_graph import INPUT_TYPES
from tuner.training.model_description import ModelDescription
from tuner.training.onnx_file import Run

SUFFIXES = {"onnx": onnx_file.SUFFIX, "torch": pt2_file.SUFFIX}
_LEAST = 1e-38  # of a probability: its logarithm is finite


class ExportedModel(nn.Module):
    """Answers as the model did that was exported. It has no parameters of its own, and stays on the CPU."""

    def __init__(self, description: ModelDescription, run: Run) -> None:
        """`description` is that of the model that was exported."""
        super().__init__()
        self.description = description
        self._data = description.data
        self._run = run

    def graph(self, raw: Tensor) -> Tensor:
        """(batch, *data.shape) in raw units -> (batch, classes) probabilities, or (batch,) numbers in their unit."""
        samples = raw.detach().cpu().to(INPUT_TYPES[self._data.task]).contiguous()
        if self._data.task == "text":
            samples = samples[:, : int(lengths(samples).max())].contiguous()
        return self._run(samples)

    def forward(self, raw: Tensor) -> Tensor:
        """The same as a network gives it: (batch, classes) logits, or (batch, 1) numbers in standard deviations."""
        found = self.graph(raw)
        number = self._data.number
        if number is None:
            return found.clamp_min(_LEAST).log()
        return ((found.double() - number.mean) / number.std)[:, None]


def is_exported(path: Path) -> bool:
    """Whether this is an exported file, by its ending."""
    return path.suffix in SUFFIXES.values() and is_file(path)


def load_exported(path: Path) -> tuple[ExportedModel, DataSpec]:
    """The model in an exported file, and the data that it was made for. Reading it runs no pickle, and no Python.

    Raises:
        TunerError: the file is damaged, was not written by `tuner export`, or the library that runs it is missing.
    """
    run, record = (onnx_file.open_onnx if path.suffix == onnx_file.SUFFIX else pt2_file.open_pt2)(path)
    if not record:
        raise TunerError(f"{path} was not written by tuner export: it does not say what it was trained on")
    description = ModelDescription.parse(record, path)
    return ExportedModel(description, torch.inference_mode()(run)), description.data
