"""Made-up scores on a test split, and winners that have them."""

from __future__ import annotations

from typing import Any

from tuner.core import scores
from tuner.core.cost import Cost
from tuner.core.outcome import Winner
from tuner.core.records import TrialRecord
from tuner.core.scores import Interval

TESTED = scores.TestScores(
    accuracy=353 / 359,
    macro_f1=0.98321,
    roc_auc=0.99975,
    loss=0.05351,
    samples=359,
    accuracy_interval=Interval(0.96402, 0.99232),
    macro_f1_interval=Interval(0.9638, 0.9922),
    roc_auc_interval=Interval(0.9991, 0.99993),
    loss_interval=Interval(0.031, 0.094),
    base_class="3",
    base_accuracy=0.10106,
    base_macro_f1=0.01835,
    base_roc_auc=0.5,
    base_loss=2.3026,
    better_than_base=True,
)


def made_up_winner(trial: TrialRecord, **changes: Any) -> Winner:
    """A winner with these scores, and some values changed."""
    values: dict[str, Any] = {
        "trial": trial,
        "epoch": max(trial.values, default=1),
        "val_score": 0.95,
        "val_loss": 0.15,
        "scores": TESTED,
        "cost": Cost(parameters=1, flops=2, bytes=3, train_seconds=4.0),
        "test_data": "data",
    }
    return Winner(**{**values, **changes})
