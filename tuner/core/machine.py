"""The CPU cores and GPUs that this process may use."""

from __future__ import annotations

import os

import torch


def cpu_count() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpu_count() -> int:
    """GPUs that torch can use."""
    return torch.cuda.device_count()
