"""Which models an ensemble has, and what that is worth: greedy selection with replacement.

R. Caruana and others, Ensemble selection from libraries of models, ICML 2004: the model is added, again and again, with
which the mean of the answers is best on validation samples; a model may be added more than once. What is best is said
by the loss, since the accuracy is the same for many choices. With few validation samples one such selection follows the
chance of a few of them. So it is made on bootstrap samples of them, and the mean of all selections counts (bagging).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from tuner.core.ensemble import Gain
from tuner.core.scores import Interval
from tuner.data.spec import DataSpec
from tuner.training.answers import Answers, compare, score_of
from tuner.training.score_error import Floats, Ints, normal_quantile

FOLDS = 10
BAGS = 20
LEAST_SHARE = 0.05  # of a member: it costs as much as one with a larger share
SEED = 0
LEAST = 1e-12  # of a probability whose logarithm is taken
Choose = Callable[[NDArray[np.bool_]], Floats]
"""Answers (samples, outputs) for all samples, of a mixture that is chosen on those that are True."""


def select(answers: Floats, losses: Callable[[Floats], Floats], size: int, chosen_on: NDArray[np.bool_]) -> Floats:
    """(models,) the weights of the models, which sum to 1; at most `size` are above 0, and none is tiny.

    Args:
        answers: (models, samples, outputs) probabilities, or numbers.
        losses: the (samples,) losses of (samples, outputs) answers.
        size: the most models.
        chosen_on: (samples,) the samples that decide.
    """
    rng, places = np.random.default_rng(SEED), np.flatnonzero(chosen_on)
    weights = np.zeros(len(answers))
    for _ in range(BAGS):
        counts = np.bincount(rng.choice(places, len(places)), minlength=len(chosen_on))
        picks = _greedy(answers, losses, size, counts / len(places))
        weights += picks / picks.sum()
    weights[np.argsort(-weights, kind="stable")[size:]] = 0
    weights[weights < min(LEAST_SHARE * BAGS, weights.max())] = 0
    weights /= weights.sum()
    return weights


def _greedy(answers: Floats, losses: Callable[[Floats], Floats], size: int, of_sample: Floats) -> Ints:
    """(models,) how often each model is picked; at most `size` picks in all.

    Args:
        answers: (models, samples, outputs) probabilities, or numbers.
        losses: the (samples,) losses of (samples, outputs) answers.
        size: the most picks. Those after which the loss is lowest are kept: of equal ones the fewest.
        of_sample: (samples,) what each sample counts; all together 1.
    """
    models = len(answers)
    picks, total = np.zeros(models, dtype=np.int64), np.zeros_like(answers[0])
    best_loss, best = np.inf, picks
    for count in range(1, size + 1):
        found = [float(losses((total + each) / count) @ of_sample) for each in answers]
        chosen = int(np.argmin(found))
        picks = picks.copy()
        picks[chosen] += 1
        total = total + answers[chosen]
        if found[chosen] < best_loss:
            best_loss, best = found[chosen], picks
    return best


def mix(answers: Floats, weights: Floats) -> Floats:
    """(samples, outputs) the mean of the (models, samples, outputs) answers, with weights that sum to 1."""
    mixed: Floats = np.tensordot(weights, answers, axes=1)
    return mixed


def losses_of(data: DataSpec, targets: Answers) -> Callable[[Floats], Floats]:
    """The (samples,) losses of (samples, outputs) answers: cross-entropy in nats, or squared error in variances."""
    if data.number is None:
        rows, labels = np.arange(len(targets)), targets.astype(np.int64)
        return lambda answers: -np.log(np.maximum(answers[rows, labels], LEAST))
    scale = data.number.std
    return lambda answers: ((answers[:, 0] - targets) / scale) ** 2


def said(data: DataSpec, answers: Floats) -> Answers:
    """(samples,) indices of classes, or numbers, of (samples, outputs) answers."""
    if data.number is None:
        most: Ints = answers.argmax(1).astype(np.int64)
        return most
    numbers: Floats = answers[:, 0]
    return numbers


def crossed(choose: Choose, folds: Sequence[NDArray[np.bool_]]) -> Floats:
    """(samples, outputs) each sample's answer by the mixture that was chosen on all folds but its own."""
    found: Floats | None = None
    for fold in folds:
        answers = choose(~fold)
        if found is None:
            found = np.empty_like(answers)
        found[fold] = answers[fold]
    assert found is not None
    return found


def make_folds(labels: NDArray[np.int64], count: int = FOLDS) -> list[NDArray[np.bool_]]:
    """(samples,) masks of `count` parts that each sample is in one of, the labels in proportion."""
    rng, fold_of = np.random.default_rng(SEED), np.empty(len(labels), dtype=np.int64)
    first = 0
    for label in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == label))
        fold_of[own] = (first + np.arange(len(own))) % count
        first += len(own)
    return [fold_of == fold for fold in range(min(count, len(labels)))]


def gain_of(data: DataSpec, targets: Answers, single: Floats, mixed: Floats, chosen: Floats) -> Gain:
    """What a mixture gains over the single winner.

    Args:
        data: what is predicted.
        targets: (samples,) the true answers.
        single: (samples, outputs) the winner's answers.
        mixed: those of mixtures that were not chosen on the samples that they answer for, see `crossed`.
        chosen: those of the final mixture.
    """
    losses = losses_of(data, targets)
    gained = losses(single) - losses(mixed)
    error = float(gained.std(ddof=1)) / sqrt(len(gained))
    size, half = float(gained.mean()), normal_quantile() * error
    return Gain(
        single=score_of(targets, said(data, single))[0],
        crossed=score_of(targets, said(data, mixed))[0],
        chosen=score_of(targets, said(data, chosen))[0],
        difference=compare(targets, said(data, mixed), said(data, single)),
        loss=size,
        loss_error=error,
        loss_interval=Interval(size - half, size + half),
    )
