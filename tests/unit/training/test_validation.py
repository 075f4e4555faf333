"""A model's score on a validation split, of its own data and of data that has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.small_trainings import write_table

from tuner.core.validation import ValidationScore
from tuner.data.source import Source
from tuner.data.spec import Column, DataSpec, Split, Splits
from tuner.training.classifier import build_classifier, predict_logits
from tuner.training.saved_model import load_model, save_model
from tuner.training.validation import UnfitError, score_validation, unfit

IMAGES = DataSpec(name="p", task="image", shape=(3, 8, 8), classes=("cat", "dog"), mean=(9.0,) * 3, std=(5.0,) * 3)
ROWS = replace(IMAGES, task="tabular", shape=(1,), mean=(0.0,), std=(1.0,), columns=(Column(name="size"),))


def rows(**column: Any) -> DataSpec:
    """A table of one column."""
    return replace(ROWS, columns=(Column(name="size", **column),))


def saved(folder: Path, spec: DataSpec) -> Path:
    """An untrained model of a table."""
    torch.manual_seed(0)
    model = build_classifier(spec, "lstm", {"hidden_size": 4})
    save_model(folder, spec, "lstm", {"hidden_size": 4}, model.state_dict())
    return folder


def test_the_score_is_that_of_the_models_answers_and_of_the_whole_split(tmp_path: Path) -> None:
    splits = Source("breast_cancer").load()
    folder = saved(tmp_path / "m", splits.spec)
    whole, part = score_validation(folder, splits), score_validation(folder, splits.limit(50))
    assert isinstance(whole, ValidationScore)
    model, _ = load_model(folder)
    right = int((predict_logits(model, splits.validation.inputs).argmax(1) == splits.validation.targets).sum())
    assert (whole.correct, whole.samples) == (right, len(splits.validation.targets))
    most = int(torch.bincount(splits.train.targets).argmax())
    assert whole.base_class == splits.spec.classes[most]
    assert whole.base_accuracy == pytest.approx(float((splits.validation.targets == most).double().mean()))
    assert (part.data, part.score, part.samples) == (whole.data, whole.score, whole.samples)
    assert not whole.better
    named = replace(splits, spec=replace(splits.spec, classes=("one", "two")))
    with pytest.raises(UnfitError, match=r"^has the classes malignant, benign$"):
        score_validation(folder, named)
    assert score_validation(saved(tmp_path / "n", named.spec), named).data != whole.data


def test_samples_are_read_as_the_model_reads_them(tmp_path: Path) -> None:
    """A category that came later shifts the features of the others, and the order of the classes may be another."""
    write_table(tmp_path, 60)
    table = (tmp_path / "t.csv").read_text().splitlines()
    kinds = [f"{'red' if n % 2 else 'green'},{line}" for n, line in enumerate(table[1:])]
    (tmp_path / "old.csv").write_text("\n".join([f"kind,{table[0]}", *kinds]))
    (tmp_path / "new.csv").write_text(
        "\n".join([f"kind,{table[0]}", *(f"blue{line[3:]}" for line in kinds[:20] if line.startswith("red")), *kinds])
    )
    old, new = (Source.parse(f"csv:{tmp_path}/{name}.csv", "y").load() for name in ("old", "new"))
    assert old.spec.shape != new.spec.shape
    folder = saved(tmp_path / "m", old.spec)
    again = replace(old, spec=new.spec, validation=as_new(old, new))
    assert score_validation(folder, again).score == score_validation(folder, old).score


def as_new(old: Splits, new: Splits) -> Split:
    """The validation split of `old` with the features of `new`."""
    from tuner.data.encoding import to_inputs, to_raw

    return Split(to_inputs(new.spec, to_raw(old.spec, old.validation.inputs)), old.validation.targets)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (IMAGES, IMAGES, ""),
        (IMAGES, replace(IMAGES, mean=(1.0,) * 3, classes=("dog", "cat")), ""),
        (IMAGES, replace(IMAGES, shape=(1, 8, 8)), "takes samples of 3 x 8 x 8"),
        (IMAGES, replace(IMAGES, classes=("cat", "dog", "bird")), "has the classes cat, dog"),
        (IMAGES, ROWS, "takes image data"),
        (IMAGES, replace(IMAGES, levels=(0.0, 9.0)), "reads images of more than 8 bits in another range of values"),
        (ROWS, replace(ROWS, shape=(2,), columns=(Column(name="more"), Column(name="size"))), ""),
        (ROWS, replace(ROWS, columns=(Column(name="weight"),)), "takes the column 'size' as a number"),
        (ROWS, rows(categories=("s",)), "takes the column 'size' as a number"),
        (rows(unit="kg"), rows(unit="g"), "reads the column 'size' in another unit"),
        (rows(unit="k"), rows(scaled=True), "reads the column 'size' in another unit"),
        (rows(unit="$"), rows(unit="$", scaled=True), "reads the column 'size' in another unit"),
        (rows(unit="$", scaled=True), rows(unit="$"), ""),
        (rows(clock="h:m"), rows(clock="m:s"), "reads times such as 5:42 in the column 'size' as hours and minutes"),
        (rows(clock="m:s"), rows(clock="12h"), "reads times such as 5:42 in the column 'size' as minutes and seconds"),
        (rows(clock="h:m"), rows(clock="h:m:s"), ""),
        (rows(decimal=","), rows(decimal=".", thousands=","), ""),
    ],
)
def test_a_model_that_cannot_answer_for_the_data_says_why(old: DataSpec, new: DataSpec, why: str) -> None:
    assert unfit(old, new) == why
