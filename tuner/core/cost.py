"""The cost of a trained model: plain data, measured by training.model_cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of a trained model."""

    parameters: int
    """All weights and biases, trained and frozen; no buffers (batch norm's running statistics, normalisation)."""
    flops: int
    """Floating-point operations of one forward pass of one sample, 2 for each multiply-add: see `forward_flops`."""
    bytes: int
    """Size of the saved model's folder: weights and description, with a vocabulary where there is one."""
    train_seconds: float
    """Wall-clock seconds of all epochs of the trial that trained it, validation included."""
