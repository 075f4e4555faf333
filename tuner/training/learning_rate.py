"""How the learning rate changes in the course of a training."""

from __future__ import annotations

import math


def lr_factor(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up over the share `warmup` of all steps, then a cosine to 0 (Loshchilov & Hutter 2017, eq. 5)."""
    warmup_steps = warmup * steps
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (steps - warmup_steps)))
