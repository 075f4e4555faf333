"""Which epoch's weights a training keeps: the last one within one standard error of the best, or within one sample.

The epoch with the highest validation accuracy is often only the luckiest one. The last epochs are trained with the
lowest learning rate, and mostly do better on new samples; docs/search.md has the measurement.
"""

from __future__ import annotations

import math

ROUNDING = 1e-9  # of an accuracy


def is_kept(accuracy: float, peak: float, samples: int) -> bool:
    """Whether an epoch is kept in place of an earlier one.

    The epochs of a training are asked about in turn, and the last one that is kept is the one that counts.

    Args:
        accuracy: its validation accuracy, 0 to 1.
        peak: the highest validation accuracy so far, its own included.
        samples: how many validation samples there are.

    >>> is_kept(0.95, 0.97, 100), is_kept(0.94, 0.97, 100), is_kept(0.98, 1.0, 100)
    (False, False, False)
    >>> is_kept(0.96, 0.97, 100), is_kept(0.99, 1.0, 100)
    (True, True)
    """
    error = math.sqrt(peak * (1 - peak) / samples)  # 0 for a peak of 1, which may be luck as well
    return accuracy >= peak - max(error, 1 / samples) - ROUNDING
