"""What a registered model says of its inputs and outputs."""

from __future__ import annotations

from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

from tuner.data.spec import DataSpec


def signature_of(data: DataSpec) -> ModelSignature:
    """What comes out: the classes, or the number. What goes in is left to the model, which reads it as in training.

    A schema of inputs would stand between: MLflow refuses the whole numbers and booleans of pandas.read_csv for a
    column of doubles or strings, and its server cannot read CSV where columns are of any type. The input example shows
    what the model takes.
    """
    if data.number is not None:
        return ModelSignature(inputs=None, outputs=Schema([ColSpec("double", data.number.name)]))
    outputs = Schema([ColSpec("float", name) for name in data.classes])
    params = ParamSchema([ParamSpec("decide", DataType.boolean, False)])
    return ModelSignature(inputs=None, outputs=outputs, params=params)
