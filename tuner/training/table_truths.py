"""The true classes or numbers that a table of samples to predict gives."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tuner.training.sample_batches import Reading
from tuner.training.sample_notes import Note
from tuner.training.true_classes import ClassNames
from tuner.training.true_numbers import true_numbers


def true_targets(reading: Reading, frame: pd.DataFrame, names: Sequence[str]) -> list[str | None]:
    """The class or number of each row, by the column that the model was trained on; None where there is none.

    What is none of the model counts as unknown, and is told. `names` stand for the rows.
    """
    target = reading.data.target
    if target not in frame.columns:
        return [None] * len(names)
    truths: list[str | None] = []
    if reading.data.number is not None:
        kind = f"a '{target}' that is no number, which is left out of the scores"
        for name, (truth, bad) in zip(names, true_numbers(reading.data.number, frame, names[0]), strict=True):
            truths.append(truth)
            if bad:
                reading.notes.add(name, [Note(kind, f"'{bad}'", (f"'{bad}'",))])
        return truths
    classes = ClassNames(reading.data.classes)
    for name, cell in zip(names, frame[target], strict=True):
        truths.append(classes.find(cell))
        if cell and truths[-1] is None:
            kind = f"a '{target}' that is no class of the model, which is left out of the accuracy"
            reading.notes.add(name, [Note(kind, f"'{cell}'", (f"'{cell}'",))])
    return truths
