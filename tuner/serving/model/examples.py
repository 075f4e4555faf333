"""Samples of the test set to try a model on: those that its sweep's report shows, where the sweep is still here."""

from __future__ import annotations

import base64
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.core.units import number_text
from tuner.data.encoding import to_raw
from tuner.data.spec import DataSpec
from tuner.report.heat_pictures import seen_png
from tuner.serving.model.card import sweep_of
from tuner.serving.model.served import ServedModel
from tuner.training.answers import load_predictions

MOST = 16


def make_examples(served: ServedModel, home: Path) -> list[dict[str, Any]]:
    """Each with its true class or number as `truth`, and an `image` (a PNG in base64), a `text` or a `row`.

    None where the sweep is not here, or its data are of another kind by now. Those of the report that were mistakes
    are among them.
    """
    data, folder = served.data, sweep_of(served, home)
    if folder is None:
        return []
    with suppress(OSError, ValueError, TypeError, KeyError, SafetensorError, TunerError):
        predictions = load_predictions(folder)
        indices = [*predictions.drawn.tolist(), *predictions.wrong.tolist()][:MOST]
        inputs = predictions.inputs[: len(indices)]
        if tuple(inputs.shape[1:]) != data.shape:
            return []
        truths = [_truth(data, predictions.targets[index]) for index in indices]
        return [{"truth": truth, **sample} for truth, sample in zip(truths, _samples(data, inputs), strict=True)]
    return []


def _truth(data: DataSpec, target: Tensor) -> str:
    return data.classes[int(target)] if data.number is None else number_text(float(target))


def _samples(data: DataSpec, inputs: Tensor) -> list[dict[str, Any]]:
    if data.task == "image":
        return [{"image": base64.b64encode(seen_png(data, image)).decode()} for image in inputs]
    raw = to_raw(data, inputs)
    if data.task == "text":
        return [{"text": text} for text in raw["text"].tolist()]
    if isinstance(raw, np.ndarray):
        return [{"row": [f"{value:.6g}" for value in row]} for row in raw.tolist()]
    return [{"row": [_cell(value) for value in row]} for row in raw.itertuples(index=False)]


def _cell(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
