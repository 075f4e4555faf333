"""The scores of a model: on the test split, and on a whole validation split."""

from __future__ import annotations

from tuner.serving.schemas.base import Interval, Json


class ClassScores(Json):
    """Scores of classes on the test split."""

    accuracy: float
    macro_f1: float
    roc_auc: float
    loss: float
    """Mean cross-entropy in nats."""
    samples: int | None
    accuracy_interval: Interval | None
    macro_f1_interval: Interval | None
    roc_auc_interval: Interval | None
    loss_interval: Interval | None
    base_class: str | None
    """The class that the training split has most of. What always saying it gives:"""
    base_accuracy: float | None
    base_macro_f1: float | None
    base_roc_auc: float | None
    base_loss: float | None
    better_than_base: bool | None
    """Whether the model is better than that by more than noise."""


class NumberScores(Json):
    """Scores of numbers on the test split, in the unit of the target where they have one."""

    r2: float
    rmse: float
    mae: float
    mse: float
    samples: int | None
    r2_interval: Interval | None
    rmse_interval: Interval | None
    mae_interval: Interval | None
    base_number: float | None
    """The mean of the training targets. What always saying it gives:"""
    base_r2: float | None
    base_rmse: float | None
    base_mae: float | None
    better_than_base: bool | None


class ClassValidation(Json):
    """The saved model on a whole validation split."""

    data: str
    """The split's fingerprint."""
    accuracy: float
    loss: float
    samples: int
    base_class: str
    base_accuracy: float
    better: bool
    """Whether it is better than always saying `base_class`, by more than noise."""
    seen: bool


class NumberValidation(Json):
    """The same of a model that says numbers."""

    data: str
    r2: float
    loss: float
    rmse: float
    samples: int
    base_number: float
    base_rmse: float
    better: bool
    seen: bool
