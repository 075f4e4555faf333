"""What a user's own `load` gives is checked: each mistake is one line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tuner.core.errors import TunerError
from tuner.data.made_up import made_up_splits
from tuner.data.own_splits import check_splits
from tuner.data.spec import Splits

GOOD = made_up_splits("image")
TEXTS = made_up_splits("text")
TOO_HIGH = TEXTS.train.inputs + len(TEXTS.spec.vocabulary)


def with_spec(**changes: Any) -> Splits:
    return replace(GOOD, spec=replace(GOOD.spec, **changes))


def with_train(**changes: Any) -> Splits:
    return replace(GOOD, train=GOOD.train._replace(**changes))


@pytest.mark.parametrize("task", ["image", "tabular", "text"])
def test_good_splits_are_given_back(task: Any) -> None:
    splits = made_up_splits(task)
    assert check_splits(splits, "my_data.py") is splits


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        ((GOOD.train, GOOD.test), "load gives tuple"),
        (None, "load gives NoneType"),
        (with_spec(task="picture"), "task is 'picture': choose one of image, tabular, text"),
        (with_spec(shape=(32, 32)), "shape is (32, 32): for image data it is (channels, height, width)"),
        (with_spec(classes=("a",)), "classes must be a tuple of two or more different names"),
        (with_spec(classes=("a", "a", "b")), "classes must be a tuple of two or more different names"),
        (with_spec(classes=(0, 1, 2)), "classes holds 0: class names are texts"),
        (with_spec(mean=(1.0,)), "mean has 1 numbers: it must be a tuple of 3, one for each channel"),
        (with_spec(augment=("flips",)), "unknown augmentation 'flips'"),
        (replace(TEXTS, spec=replace(TEXTS.spec, augment=("flip",))), "augment is for images: leave flip out"),
        (replace(TEXTS, train=TEXTS.train._replace(inputs=-TEXTS.train.inputs)), "train.inputs goes from -"),
        (replace(TEXTS, train=TEXTS.train._replace(inputs=TOO_HIGH)), "train.inputs goes from "),
        (replace(TEXTS, spec=replace(TEXTS.spec, vocabulary=())), "train.inputs goes from "),
        (with_spec(std=(1.0, 0.0, 1.0)), "std must be above 0 everywhere"),
        (replace(GOOD, train=GOOD.train.inputs), "train must be a tuner.data.spec.Split of two tensors"),  # type: ignore[arg-type]
        (with_train(inputs=GOOD.train.inputs.permute(0, 2, 3, 1)), "train.inputs has the shape (32, 32, 32, 3)"),
        (with_train(inputs=GOOD.train.inputs[:0], targets=GOOD.train.targets[:0]), "train.inputs has the shape (0, 3,"),
        (with_train(inputs=GOOD.train.inputs.float() / 0), "train.inputs has NaN or infinity"),
        (with_train(targets=GOOD.train.targets.int()), "train.targets is torch.int32 (32,): it must be int64"),
        (with_train(targets=GOOD.train.targets + 1), "train.targets goes from 1 to 3: there are 3 classes, from 0"),
    ],
)
def test_each_mistake_is_said(splits: Any, said: str) -> None:
    with pytest.raises(TunerError) as refused:
        check_splits(splits, "my_data.py")
    assert str(refused.value).startswith(f"my_data.py: {said}")
