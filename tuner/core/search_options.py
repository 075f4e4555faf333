"""The names that `--sampler` and `--scheduler` take; the first of each is the default."""

from __future__ import annotations

SAMPLERS = ("tpe", "random", "qmc", "gp", "cmaes", "grid")
AUTO = "auto"
"""Also for `--sampler`: one of them is chosen by the number of trials and the search space."""
SCHEDULERS = ("asha", "asha-stop", "hyperband", "pasha", "pbt", "median", "none")
FIDELITIES = ("epochs", "seconds")
"""In what several models are compared: in equal numbers of epochs, or in equal times."""

ASHA_RUNGS, ASHA_RUNGS_BEFORE = 3, 2
"""How often `asha` compares trials at most: in new sweeps, and in those whose sweep.json does not say so."""


def sampler_text(sampler: str, auto: str) -> str:
    """`sampler gp`, and why it was chosen if it was."""
    return f"sampler {sampler}{f' (auto: {auto})' if auto else ''}"
