"""What of a column's cells goes into the decision on it: their counts, their mean, and those that are none."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from tuner.data.cells import Cells
from tuner.data.missing import is_missing

MOST_STRAYS = 20  # texts of a column that are remembered as missing
Rows = NDArray[np.int64]


def known_texts(texts: Cells) -> Counter[str]:
    """How many cells have each text that is no word for a missing value."""
    return Counter({text: count for text, count in Counter(texts.tolist()).items() if not is_missing(text)})


def strays(cells: Cells) -> tuple[str, ...]:
    """The texts to remember of cells that are none of their column's kind."""
    return tuple(text for text, _ in Counter(map(str, cells)).most_common(MOST_STRAYS))


def mean_or_reason(numbers: NDArray[np.float64], noun: str = "number") -> float | str:
    """The mean of the training rows, or why they do not have one to learn from."""
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return f"it has no {noun} in the training split"
    same = f"all its {noun}s are the same in the training split"
    return same if known.min() == known.max() else float(known.mean())
