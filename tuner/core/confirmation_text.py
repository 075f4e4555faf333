"""What is said of a confirmation: the same in the terminal, the status and the report."""

from __future__ import annotations

from tuner.core.confirmation import Confirmation, Spread
from tuner.core.finalists import Finalists
from tuner.core.score_text import decimals, score_text
from tuner.core.threshold import HALF, Threshold
from tuner.core.units import counted


def confirmed_text(found: Confirmation) -> str:
    """`val_accuracy 0.981 (0.975 to 0.987; mean of 5 other seeds; sd 0.004)`."""
    if found.score is None:
        what = "on a fold" if found.folds else "with another seed"
        return f"no training {what} is complete, of {found.asked}"
    own = ", each on another split" if found.reshuffle else ""
    return f"{found.metric} {spread_text(found.score, f'mean of {trainings_text(found)}{own}')}"


def trainings_text(found: Confirmation) -> str:
    """`5 other seeds`, or `5 folds`."""
    return counted(len(found.seeds), "fold" if found.folds else "other seed")


def mean_test_text(found: Confirmation, name: str, threshold: Threshold | None = None) -> str:
    """One of `Confirmation.test`: `0.978 (0.970 to 0.985; mean of 5 models, each tested once; sd 0.006)`.

    The `threshold` is that of the winner: these models have none.
    """
    plain = f" with a threshold of {HALF}" if threshold and threshold.used else ""
    return spread_text(
        found.test[name], f"mean of {counted(len(found.tested_seeds), 'model')}, each tested once{plain}"
    )


def own_text(found: Confirmation, own: float, finalists: Finalists | None) -> str:
    """Why the winner's own validation score is not part of the mean; `finalists` are those that it is one of."""
    if finalists is not None:
        return f"the winner's own {own:.4f}, that of its model, is not part of it"
    return f"the winner's own {own:.4f} is not part of it: trial {found.trial} was chosen for it"


def spread_text(spread: Spread, what: str) -> str:
    """The mean with its interval; `what` says of what it is the mean. A few equal values do not say how sure it is."""
    details = [what]
    if spread.sd == 0:
        return score_text(spread.mean, None, [*details, "all of them equal"])
    if spread.sd is not None:
        details.append(f"sd {spread.sd:.{decimals(spread.interval)}f}")
    return score_text(spread.mean, spread.interval, details)
