"""The names that `--sampler` and `--scheduler` take; the first of each is the default."""

from __future__ import annotations

SAMPLERS = ("tpe", "random", "qmc", "gp", "cmaes", "grid")
AUTO = "auto"
"""Also for `--sampler`: one of them is chosen by the number of trials and the search space."""
SCHEDULERS = ("asha", "asha-stop", "hyperband", "pasha", "pbt", "median", "none")


def sampler_text(sampler: str, auto: str) -> str:
    """`sampler gp`, and why it was chosen if it was."""
    return f"sampler {sampler}{f' (auto: {auto})' if auto else ''}"
