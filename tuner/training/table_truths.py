"""The true classes that a table of samples to predict gives."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tuner.training.sample_batches import Reading
from tuner.training.sample_notes import Note
from tuner.training.true_classes import ClassNames


def true_classes(reading: Reading, frame: pd.DataFrame, names: Sequence[str]) -> list[str | None]:
    """The class of each row, by the column that the model was trained on; None where there is none.

    What is no class of the model counts as unknown, and is told. `names` stand for the rows.
    """
    target = reading.data.target
    if target not in frame.columns:
        return [None] * len(names)
    classes = ClassNames(reading.data.classes)
    truths = []
    for name, cell in zip(names, frame[target], strict=True):
        truths.append(classes.find(cell))
        if cell and truths[-1] is None:
            kind = f"a '{target}' that is no class of the model, which is left out of the accuracy"
            reading.notes.add(name, [Note(kind, f"'{cell}'", (f"'{cell}'",))])
    return truths
