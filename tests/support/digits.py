"""The handwritten digits, which every installation has, for tests that train on a few of them."""

from __future__ import annotations

from pathlib import Path

from tuner.core import catalog
from tuner.data.spec import Splits


def some_digits(limit: int | None = None) -> Splits:
    """All of them; or of those for training and validation together `limit`, of each class as many."""
    splits: Splits = catalog.load("datasets", "digits").load(Path())
    return splits if limit is None else splits.limit(limit)
