"""Notes that a training will have too few steps to learn much, as a few samples in large batches have."""

from __future__ import annotations

from tuner.core.units import counted
from tuner.search.space import SearchSpace
from tuner.training.hyperparameters import Hyperparameters

FEW = 30  # steps in all
_SMALL = 8  # samples in a batch, with which even a few give some steps


def few_steps_note(space: SearchSpace, samples: int, epochs: int) -> str:
    """What to know before training; "" where the smallest batches of the space give enough steps.

    Args:
        space: what may be drawn.
        samples: of the training split.
        epochs: the most that a trial has.
    """
    drawn = [value for entry in space.parameters if entry.name == "batch_size" for value in entry.extremes]
    batch = min((int(size) for size in drawn if isinstance(size, (int, float))), default=Hyperparameters().batch_size)
    a_epoch = max(1, samples // batch)
    steps = a_epoch * epochs
    if steps >= FEW:
        return ""
    cure = f"smaller batches (--set batch_size={_SMALL}) or more epochs" if batch > _SMALL else "more epochs"
    return (
        f"{counted(samples, 'training sample')} in batches of {batch} and {counted(epochs, 'epoch')} make "
        f"{counted(steps, 'step')} in all, which may be too few to learn from: {cure} give more"
    )
