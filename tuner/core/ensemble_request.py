"""How a user asks for an ensemble."""

from __future__ import annotations

from tuner.core.errors import TunerError

LEAST_SIZE, MOST_SIZE = 2, 50
SIZE = 5
"""How many models an ensemble of `tuner ensemble` has at most."""


def check_size(size: int, option: str, *, own: bool = False) -> None:
    """Raises TunerError for an impossible number of models, and for a sweep of a user's own code."""
    if own:
        raise TunerError(f"{option}: your own code alone knows how to mix its models: leave it out")
    if not LEAST_SIZE <= size <= MOST_SIZE:
        raise TunerError(f"{option} must be at least {LEAST_SIZE} and at most {MOST_SIZE}, got {size}")
