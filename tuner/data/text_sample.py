"""A quick look at the different texts of a column, of which there may be millions."""

from __future__ import annotations

from collections.abc import Callable, Collection

SAMPLE = 200  # texts, evenly spaced


def sampled_share(texts: Collection[str], test: Callable[[str], bool]) -> float:
    """The share of a sample of the texts that pass a test; 0 where there is no text."""
    sample = list(texts)[:: 1 + len(texts) // SAMPLE]
    return sum(map(test, sample)) / len(sample) if sample else 0.0
