"""What is answered: JSON of probabilities, classes or numbers, and where the model looks."""

from __future__ import annotations

import base64
import json
from typing import Any

from torch import Tensor

from tuner.core.finite import finite
from tuner.data.spec import DataSpec
from tuner.report.heat_pictures import heat_png, seen_png
from tuner.report.samples import mark_words
from tuner.serving.model.served import ServedModel
from tuner.training.decision import decide
from tuner.training.prediction import NumberPrediction, Prediction, to_number_predictions, to_predictions
from tuner.training.sample_batches import Samples


def scored(data: DataSpec, outputs: Tensor, *, only_class: bool) -> str:
    """The answer of MLflow's server, to the letter: a row for each sample, by classes, or one column.

    See `tuner.tracking.mlflow_model` for what is in a row, and `served.answer` for the outputs.
    """
    if data.number is not None:
        rows = [{data.number.name: number} for number in data.number.unscaled(outputs).tolist()]
        return json.dumps({"predictions": rows})
    found = outputs.numpy()
    if only_class:
        said = decide(found, data.threshold).tolist()
        return json.dumps({"predictions": [{"class": data.classes[index]} for index in said]})
    return json.dumps({"predictions": [dict(zip(data.classes, row, strict=True)) for row in found.tolist()]})


def predictions(data: DataSpec, samples: Samples, outputs: Tensor) -> list[Prediction] | list[NumberPrediction]:
    """What `tuner predict` says of a batch."""
    if data.number is not None:
        return to_number_predictions(data.number, samples, outputs)
    return to_predictions(data, samples, outputs.numpy())


async def explanations(
    served: ServedModel, samples: Samples, said: list[Prediction] | list[NumberPrediction]
) -> list[dict[str, Any]]:
    """For each sample of a batch: `seen` and `heat`, PNG files in base64, to be laid on each other; or `words`.

    Raises:
        TunerError: the network has nothing that could be shown.
    """
    data = served.data
    if data.task == "text":
        weights = await served.attention(samples.inputs)
        marked = [
            mark_words(data, tokens, None if weights is None else weights[row])
            for row, tokens in enumerate(samples.inputs)
        ]
        return [{"words": words} for words in marked]
    classes = [data.classes.index(each.best[0]) for each in said if isinstance(each, Prediction)]
    heats = await served.heat(samples.inputs, classes)
    return [
        {"seen": _base64(seen_png(data, image)), "heat": _base64(heat_png(heat))}
        for image, heat in zip(samples.inputs, heats, strict=True)
    ]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def as_json(value: Any) -> str:
    """JSON that every program reads: a number that is none becomes null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(finite(value))
