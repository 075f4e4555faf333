"""Which of two classes is said: from a threshold of the second one's probability on, chosen on validation samples.

A threshold is chosen for one of the scores that it changes, and is worth nothing where the samples are too few to tell.
So each validation sample is judged by a threshold that was chosen on the others (cross-fitting), and only one that
wins like that beyond noise is used; it is then chosen on all of them. There is no threshold that is right for all data:
the best one for the F1 score of a class is half of the best score (Lipton, Elkan and Naryanaswamy, Optimal thresholding
of classifiers to maximize F1 measure, 2014).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.objective import Goal
from tuner.core.scores import Interval
from tuner.core.threshold import HALF, METRICS, Change, Threshold
from tuner.data.spec import Splits
from tuner.training.classifier import Classifier, predict_logits
from tuner.training.device import best_device
from tuner.training.score_error import Floats, Ints, compare_predicted, normal_quantile

FOLDS = 10
FEWEST = 10
"""Decisions that a threshold must change: with fewer, the normal interval of a difference is too narrow."""
SEED = 0


def objective_of(goal: Goal) -> str | None:
    """The first objective that a threshold changes; None where there is none."""
    return next((each.name for each in goal.objectives if each.name in METRICS), None)


def calibrate(second: Floats, targets: Ints, objective: str, of_class: str) -> Threshold | None:
    """The threshold that is best for an objective; None where there are too few samples to look for one.

    Args:
        second: (samples,) the probabilities of the second class, of validation samples.
        targets: (samples,) their classes, 0 or 1.
        objective: one of METRICS.
        of_class: the name of the second class.
    """
    counts = np.bincount(targets, minlength=2)
    if counts.min() < FOLDS:
        return None
    crossed = np.empty(len(targets), dtype=np.int64)
    fold_of = _folds(targets)
    for fold in range(FOLDS):
        held = fold_of == fold
        crossed[held] = second[held] >= best_threshold(second[~held], targets[~held], objective)
    plain = (second > HALF).astype(np.int64)
    validation = change(targets, plain, crossed, objective)
    value = best_threshold(second, targets, objective)
    used = validation.better and int((crossed != plain).sum()) >= FEWEST
    return Threshold(value=value, of_class=of_class, objective=objective, validation=validation, used=used)


def find_threshold(model: Classifier, splits: Splits, goal: Goal) -> Threshold | None:
    """The threshold of a model on the whole validation split; None where `goal` has no score that it changes.

    The model is in evaluation mode, and is moved to the GPU if there is one.
    """
    objective, classes = objective_of(goal), splits.spec.classes
    if objective is None or len(classes) != 2:
        return None
    device, whole = best_device(), splits.whole_validation
    logits = predict_logits(model.to(device), whole.inputs.to(device)).cpu()
    if not bool(logits.isfinite().all()):
        return None
    return calibrate(_second(logits), whole.targets.numpy(), objective, classes[1])


def with_test_scores(threshold: Threshold, logits: Tensor, targets: Tensor) -> Threshold:
    """The threshold with what it changed on the test samples, if it is used."""
    if not threshold.used:
        return threshold
    true, second = targets.numpy(), _second(logits)
    plain, said = (second > HALF).astype(np.int64), (second >= threshold.value).astype(np.int64)
    found = change(true, plain, said, threshold.objective)
    return replace(threshold, test=found, plain_accuracy=float((plain == true).mean()))


def _second(logits: Tensor) -> Floats:
    """The probabilities of the second class."""
    found: Floats = torch.softmax(logits.double(), 1)[:, 1].numpy()
    return found


def best_threshold(second: Floats, targets: Ints, objective: str) -> float:
    """The best threshold on these samples, in the middle between two of them; among equals the nearest to HALF."""
    order = np.argsort(-second, kind="stable")
    ordered, positive = second[order], targets[order] == 1
    ends = np.flatnonzero(np.diff(ordered, append=-np.inf) < 0)  # the last of equal probabilities
    said = np.concatenate([[0], ends + 1])  # how many samples are said to be of the second class
    right = np.concatenate([[0], np.cumsum(positive)[ends]])
    true = int(positive.sum())
    scores = _SCORES[objective](right, said, true, len(targets))
    edges = np.concatenate([[1.0], ordered[ends], [0.0]])
    cuts = (edges[:-1] + edges[1:]) / 2
    best = np.flatnonzero(scores >= scores.max() - 1e-12)
    return float(cuts[best[np.abs(cuts[best] - HALF).argmin()]])


def change(targets: Ints, before: Ints, after: Ints, objective: str) -> Change:
    """What other decisions for the same samples change. The interval of an accuracy is that of `compare_predicted`.

    That of the other scores is normal, of the spread that each sample gives the difference (its influence).
    """
    scores = [score(targets, said, objective) for said in (before, after)]
    if METRICS[objective] == "accuracy":
        interval = compare_predicted(targets, after, before).interval
    else:
        influence = _INFLUENCES[objective](targets, after) - _INFLUENCES[objective](targets, before)
        half = normal_quantile() * sqrt(float((influence**2).sum()))
        interval = Interval(scores[1] - scores[0] - half, scores[1] - scores[0] + half)
    return Change(before=scores[0], after=scores[1], interval=interval)


def score(targets: Ints, said: Ints, objective: str) -> float:
    """One of METRICS for decisions between two classes."""
    right, of_second, true = int((said & targets).sum()), int(said.sum()), int(targets.sum())
    found = _SCORES[objective](np.array([right]), np.array([of_second]), true, len(targets))
    return float(found[0])


def _folds(targets: Ints) -> Ints:
    """(samples,) A fold for each, the classes in proportion."""
    rng, fold_of = np.random.default_rng(SEED), np.empty(len(targets), dtype=np.int64)
    for label in (0, 1):
        fold_of[rng.permutation(np.flatnonzero(targets == label))] = np.arange(int((targets == label).sum())) % FOLDS
    return fold_of


Counts = NDArray[np.int64]


def _accuracy(right: Counts, said: Counts, true: int, samples: int) -> Floats:
    return (samples - true - said + 2 * right) / samples


def _balanced(right: Counts, said: Counts, true: int, samples: int) -> Floats:
    return (right / max(true, 1) + 1 - (said - right) / max(samples - true, 1)) / 2


def _macro_f1(right: Counts, said: Counts, true: int, samples: int) -> Floats:
    first_right = samples - true - said + right
    second = 2 * right / np.maximum(said + true, 1)
    first = 2 * first_right / np.maximum(2 * samples - said - true, 1)
    return (first + second) / 2


def _balanced_influence(targets: Ints, said: Ints) -> Floats:
    """(samples,) How much of the error of the score each sample carries."""
    found = np.zeros(len(targets))
    for label in (0, 1):
        own = targets == label
        if own.any():
            right = said[own] == label
            found[own] = (right - right.mean()) / own.sum() / 2
    return found


def _f1_influence(targets: Ints, said: Ints) -> Floats:
    """The same; see `score_intervals.f1_interval`."""
    found = np.zeros(len(targets))
    for label in (0, 1):
        own, named = targets == label, said == label
        both = max(1, int(own.sum() + named.sum()))
        f1 = 2 * (own & named).sum() / both
        found += (2.0 * (own & named) - f1 * own - f1 * named) / both / 2
    return found


_SCORES: dict[str, Callable[[Counts, Counts, int, int], Floats]] = {
    "val_accuracy": _accuracy,
    "val_macro_f1": _macro_f1,
    "val_balanced_accuracy": _balanced,
}
_INFLUENCES: dict[str, Callable[[Ints, Ints], Floats]] = {
    "val_macro_f1": _f1_influence,
    "val_balanced_accuracy": _balanced_influence,
}
