"""What a training of any configuration would have reported, learnt from a table of recorded ones.

The trees give the curve without noise; what a training adds by its seed is the difference of a recorded repetition with
a similar curve. To take the nearest recorded training instead misleads: a search that concentrates would see the same
few curves again and again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from replay.chance import Chance
from replay.encoding import Encoding
from replay.forest import Forest
from replay.tables import Table
from tuner.core.kept_epoch import is_kept
from tuner.core.records import Value

SIMILAR = 8  # pairs of which one gives the noise
DRAWS = 3000  # of the space, to find the best that a table has
UNKNOWN_SAMPLES = 1000
SPEEDS = 0.4  # the spread of the logarithm of the seconds that an epoch takes


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A training, epoch by epoch; the first epoch has the index 0."""

    accuracy: list[float]
    """On the validation samples, in whole samples."""
    loss: list[float]
    """A stand-in for the validation loss, which no table has: 1 - accuracy, and less than a sample more by chance."""
    test: list[float]
    """Accuracy on the test samples."""
    truth: list[float]
    """The same without the noise of the training."""
    kept: list[int]
    """The epoch, counted from 1, whose weights would be kept if the training ended then."""
    seconds: float
    """That an epoch takes."""


class Surrogate:
    """Deterministic by table, seed, parameters and the seed of the training."""

    def __init__(self, table: Table, seed: int) -> None:
        """Each `seed` learns from another sample of the recorded configurations, drawn with replacement."""
        self._table = table
        self._encode = Encoding(table.space)
        self._shape = table.curves.shape[1:]
        self._samples = table.samples or UNKNOWN_SAMPLES
        points = np.array([self._encode(each) for each in table.parameters])
        flat = table.curves.reshape(len(points), -1)
        rows = _resampled(len(points), table.repeats, np.random.default_rng(seed))
        self._forest = Forest(points[rows], flat[rows], seed % 2**32)
        first, second = flat[: table.repeats], flat[len(flat) - table.repeats :]
        self._pairs, self._noise = (first + second) / 2, (first - second) / math.sqrt(2)

    def __call__(self, parameters: Mapping[str, Value], seed: int) -> Curve:
        """What a training of these parameters with this seed reports."""
        text = repr((sorted(parameters.items()), seed)).encode()
        rng = np.random.default_rng(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big"))
        mean = self._forest(self._encode(parameters))
        near = np.argpartition(np.square(self._pairs - mean).sum(axis=1), min(SIMILAR, len(self._pairs)) - 1)[:SIMILAR]
        noise = self._noise[rng.choice(near)] * rng.choice((-1, 1))
        accuracy, test = np.clip(mean + noise, 0, 1).reshape(self._shape).T
        whole = (accuracy * self._samples).round() / self._samples
        loss = 1 - whole + rng.uniform(0, 0.9 / self._samples, len(whole))
        return Curve(
            accuracy=whole.tolist(),
            loss=loss.tolist(),
            test=test.tolist(),
            truth=mean.reshape(self._shape)[:, 1].tolist(),
            kept=kept_epochs(whole.tolist(), self._samples),
            seconds=float(rng.lognormal(0, SPEEDS)),
        )

    def best(self) -> float:
        """The highest test accuracy after the last epoch, without noise, among many random configurations."""
        draw = Chance(np.random.default_rng(0))
        points = [self._encode(self._table.space(draw)) for _ in range(DRAWS)]
        return float(self._forest.many(np.array(points))[:, -1].max())


def kept_epochs(accuracies: list[float], samples: int) -> list[int]:
    """After each epoch, the one that is kept, as `tuner.training.loop` does.

    >>> kept_epochs([0.5, 0.9, 0.6, 0.9], 100)
    [1, 2, 2, 4]
    """
    kept, found, peak = 0, [], 0.0
    for epoch, accuracy in enumerate(accuracies, 1):
        peak = max(peak, accuracy)
        if is_kept(accuracy, peak, samples):
            kept = epoch
        found.append(kept)
    return found


def _resampled(trainings: int, repeats: int, rng: np.random.Generator) -> list[int]:
    """Rows drawn with replacement by configuration: the repetition of a drawn one comes with it."""
    once = trainings - repeats
    drawn: list[int] = rng.integers(once, size=once).tolist()
    return drawn + [once + row for row in drawn if row < repeats]
