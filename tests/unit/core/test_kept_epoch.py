"""Which epoch a training keeps, by what the sweep goes by."""

from __future__ import annotations

import pytest

from tuner.core.kept_epoch import choose_kept
from tuner.core.objective import Goal


def kept(goal: str, constraint: str, epochs: list[dict[str, float]]) -> int:
    """The epoch that is kept in the end, from 1."""
    chosen: dict[str, float] | None = None
    number, peak = 0, 0.0
    for epoch, metrics in enumerate(epochs, 1):
        takes, peak = choose_kept(Goal.parse(goal, constraint), metrics, chosen, peak, 100)
        if takes:
            chosen, number = metrics, epoch
    return number


EPOCHS = [
    {"val_accuracy": 0.90, "val_loss": 0.50, "train_loss": 0.9},
    {"val_accuracy": 0.97, "val_loss": 0.30, "train_loss": 0.8},
    {"val_accuracy": 0.96, "val_loss": 0.40, "train_loss": 0.7},
    {"val_accuracy": 0.93, "val_loss": 0.45, "train_loss": 0.6},
]


@pytest.mark.parametrize(
    ("goal", "constraint", "epoch"),
    [
        ("val_accuracy", "", 3),  # the last within one standard error
        ("val_loss", "", 2),
        ("val_loss:max", "", 1),
        ("train_loss", "", 4),
        ("parameters", "", 3),  # an epoch does not change it: by the accuracy
        ("parameters,val_loss", "", 2),
        ("val_accuracy", "train_loss<=0.6", 4),  # the only one that fulfills it
        ("val_loss", "train_loss<=0.7", 3),
        ("val_loss", "train_loss<=0.1", 4),  # none does: the nearest
        ("val_accuracy", "parameters<=10", 3),
    ],
)
def test_the_epoch_that_is_kept(goal: str, constraint: str, epoch: int) -> None:
    assert kept(goal, constraint, EPOCHS) == epoch


def test_an_epoch_that_fulfills_the_constraints_is_not_given_up_for_a_better_one_that_does_not() -> None:
    epochs = [{"val_accuracy": 0.5, "val_loss": 0.4}, {"val_accuracy": 0.9, "val_loss": 0.9}]
    assert kept("val_accuracy", "val_loss<=0.5", epochs) == 1
