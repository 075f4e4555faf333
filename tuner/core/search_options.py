"""The names that `--sampler` and `--scheduler` take; the first of each is the default."""

from __future__ import annotations

SAMPLERS = ("tpe", "random", "qmc", "gp", "cmaes", "grid")
SCHEDULERS = ("asha", "asha-stop", "hyperband", "pasha", "pbt", "median", "none")
