"""What is said of the finalists: the same in the terminal and in the report."""

from __future__ import annotations

from tuner.core.confirmation import ConfirmPlan
from tuner.core.finalists import Finalist, Finalists
from tuner.core.objective import METRICS
from tuner.core.units import counted


def decision_text(found: Finalists) -> str:
    """`trial 4 has the best mean val_accuracy of 3 trials, over 3 other seeds`, and what that mean is not."""
    if found.best is None:
        return f"no mean over {'folds' if found.folds else 'other seeds'} decides: the best trial of the search counts"
    size, seeds = len(found.trials), counted(len(found.seeds), "fold" if found.folds else "other seed")
    few = "" if len(found.seeds) == found.asked else f" of {found.asked}"
    if size == 1:
        return f"trial {found.best} is the only one, {'on' if found.folds else 'with'} {seeds}{few}"
    return (
        f"trial {found.best} has the best mean {found.objective} of {size} trials, over {seeds}{few}; it was "
        "chosen for that mean, so a part of it is luck"
    )


def finalist_text(found: Finalists, each: Finalist) -> str:
    """`mean 0.9811, sd 0.0040; 0.9833 in the search`."""
    own = f"{METRICS[found.objective].text(each.own)} in the search"
    if each.score is None:
        return f"not compared: {each.failed or 'no seed is one that all have completed'}; {own}"
    sd = "" if each.score.sd is None else f", sd {each.score.sd:.4f}"
    return f"mean {METRICS[found.objective].text(each.score.mean)}{sd}; {own}"


def finalists_announcement(plan: ConfirmPlan, left: int, epochs: int, side: int) -> str:
    """What begins, in one line: so many trainings are `left`, of so many epochs each, `side` by side."""
    *others, last = map(str, plan.finalists)
    which = f"trials {', '.join(others)} and {last}" if others else f"trial {last}"
    size = (
        f"{counted(left, 'training')} of {counted(epochs, 'epoch')}, {side} at a time"
        if left
        else "all trained already"
    )
    each = ", each" if others else ""
    return f"finalists: {which}{each} {trainings_of(plan)}: {size}"


def trainings_of(plan: ConfirmPlan) -> str:
    """`with 3 other seeds (1 to 3)`, or `on 5 folds`, and how the samples are divided."""
    if plan.folds:
        return f"on {len(plan.seeds)} folds of the training and validation samples"
    splits = ", each on another training and validation split" if plan.reshuffle else ""
    return f"with {len(plan.seeds)} other seeds ({plan.seeds[0]} to {plan.seeds[-1]}){splits}"
