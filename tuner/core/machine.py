"""The CPU cores and GPUs that this process may use, and the versions of what it runs with.

torch is imported when GPUs are asked for: it takes seconds, and most commands need none.
"""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

_PACKAGES = ("tuner", "torch", "torchvision", "ray", "optuna", "mlflow", "scikit-learn", "numpy")


def cpu_count() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpu_count() -> int:
    """GPUs that torch can use."""
    import torch  # noqa: PLC0415

    return torch.cuda.device_count()


def describe_machine() -> dict[str, Any]:
    """The number of CPU cores, the names of the GPUs, and the system."""
    import torch  # noqa: PLC0415

    gpus = [torch.cuda.get_device_name(index) for index in range(gpu_count())]
    return {"cpus": cpu_count(), "gpus": gpus, "system": platform.platform()}


def package_versions() -> dict[str, str]:
    """The versions of Python and of the packages that decide what a sweep does."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}
