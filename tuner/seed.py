"""Seeds that follow from the sweep's."""


def trial_seed(seed: int, number: int) -> int:
    """The seed of one trial of a sweep: of what is drawn for it, and of its training."""
    return (seed * 1_000_003 + number) % 2**32
