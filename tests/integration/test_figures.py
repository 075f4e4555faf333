"""Pictures that take long: of many classes, and of samples of every kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.figures import drawn, labels
from support.made_up_trials import HOSTILE, images, make_winner, texts

from tuner.data.spec import DataSpec
from tuner.report.class_scores import classification, confusion, roc_curves
from tuner.report.figures_samples import draw_samples
from tuner.report.figures_scores import MOST_NUMBERS, draw_classification, draw_confusion, draw_roc
from tuner.report.findings import WinningModel


@pytest.mark.parametrize("classes", [2, 12, 100])
def test_scores_stay_readable_with_many_classes(tmp_path: Path, classes: int) -> None:
    names = [f"Pit Bull Terrier {n}" for n in range(classes)]
    predictions = images(names, 8 * classes, (1, 2, 2), blind=1).of_classes
    matrix = drawn(draw_confusion(confusion(predictions), names), tmp_path).axes[0]
    assert bool(matrix.texts) == (classes <= MOST_NUMBERS)
    assert (matrix.get_xticklabels()[0].get_rotation() == 90) == (classes > 2)
    curves = drawn(draw_roc(roc_curves(predictions, names)), tmp_path).axes[0]
    assert len(labels(curves)) == (1 if classes == 2 else classes)
    table = drawn(draw_classification(classification(predictions, names)), tmp_path).axes[0]
    assert len(table.get_yticklabels()) == classes + 2


TABLE = DataSpec(name="x", task="tabular", shape=(30,), classes=("a", HOSTILE), mean=(0.0,) * 30, std=(1.0,) * 30)


SAMPLES: dict[str, Callable[[], WinningModel]] = {
    "grey": lambda: images(["a", "b"], 60, (1, 28, 28), sure=1.0),
    "colour": lambda: images(["a", "b"], 60, (3, 160, 160), sure=1.0),
    "no mistakes": lambda: images(["a", "b"], 9, sure=90.0),
    "hostile names": lambda: images([HOSTILE, "$", "c"], 60, sure=1.0),
    "attention": lambda: texts(["good", HOSTILE], attention=True),
    "texts": lambda: texts(["good", "\U0001f984", "w" * 300], attention=False),
    "a table": lambda: make_winner(TABLE, torch.randn(60, 30), sure=1.0),
}


@pytest.mark.parametrize("winner", [make() for make in SAMPLES.values()], ids=SAMPLES)
def test_samples_of_every_kind_are_drawn(tmp_path: Path, winner: WinningModel) -> None:
    assert drawn(draw_samples(winner), tmp_path).axes
