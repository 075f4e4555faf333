"""What is predicted: one of some classes, or a number. Each kind has scores of its own, and words for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tuner.core.errors import unknown

TASK_OPTION = "--task"


@dataclass(frozen=True, kw_only=True)
class TargetKind:
    """A kind of target."""

    task: str
    """As `--task` names it."""
    score: str
    """The score that models are chosen by: `val_SCORE` on validation samples, `test_SCORE` on the test split."""
    label: str
    """The same for people."""
    tested: Mapping[str, str] = field(compare=False)
    """The scores on the test split, the first one first, and what people call them."""
    base: str
    """What a model must beat to have learnt something."""

    @property
    def val_score(self) -> str:
        """The metric of validation that champions, comparisons and confirmations go by."""
        return f"val_{self.score}"

    @property
    def train_score(self) -> str:
        """The same of the training samples."""
        return f"train_{self.score}"


CLASSES = TargetKind(
    task="classification",
    score="accuracy",
    label="accuracy",
    tested={"accuracy": "accuracy", "macro_f1": "macro F1", "roc_auc": "ROC-AUC", "loss": "loss"},
    base="always saying one class",
)
NUMBERS = TargetKind(
    task="regression",
    score="r2",
    label="R2",
    tested={"r2": "R2", "rmse": "RMSE", "mae": "MAE"},
    base="always saying the mean",
)
TASKS: Mapping[str, TargetKind] = {kind.task: kind for kind in (CLASSES, NUMBERS)}


def kind_of(task: str) -> TargetKind:
    """The kind that `--task` names. Raises TunerError for a word that is none."""
    if task not in TASKS:
        raise unknown(TASK_OPTION, task, TASKS)
    return TASKS[task]
