"""Which class is said, of the probabilities that a model gives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tuner.core.threshold import HALF
from tuner.training.score_error import Ints


def decide(probabilities: NDArray[np.floating], threshold: float = HALF) -> Ints:
    """(samples,) the classes that are said, of (samples, classes) probabilities: the most probable ones.

    Of two classes with another `threshold` than HALF, the second where its probability is at least that.
    """
    if probabilities.shape[1] == 2 and threshold != HALF:
        said: Ints = (probabilities[:, 1] >= threshold).astype(np.int64)
        return said
    most: Ints = probabilities.argmax(1).astype(np.int64)
    return most
