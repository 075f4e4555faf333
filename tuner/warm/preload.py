"""What the zygote imports ahead: all modules of this package, and what they import only when they need it.

A module that is missing here costs a command the time of its import, and nothing else.
"""

from __future__ import annotations

import gc
import os
import pkgutil
import threading
from collections.abc import Iterable
from importlib import import_module

from tuner.core.environment import prepared_environment

LEFT_OUT = (
    *("tuner.__main__", "tuner._entry", "tuner.models", "tuner.datasets", "tuner.search_spaces"),
    *("tuner.execution.stubs", "tuner.execution.script_guard", "tuner.tracking.mlflow_model"),
    "tuner.serving.agent",
)
"""What is run when it is imported, what is imported by its name in a catalog, and what needs an extra."""
LATE = (
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store"),
    *("mlflow.pyfunc.model", "mlflow.pyfunc.scoring_server", "git"),
    *("alembic.config", "alembic.autogenerate", "sqlalchemy.dialects.sqlite", "matplotlib.backends.backend_agg"),
    *("tuner.models.cnn", "tuner.datasets.digits", "ray.dag", "ray.dashboard.optional_deps"),
)
"""What libraries import when they are first used, and sweeps do use."""
WORKERS = (
    *("tuner.execution.worker", "ray._private.workers.default_worker", "ray.air._internal.torch_utils"),
    *("ray.air._internal.device_manager", "pydantic.v1", "starlette.datastructures", "pyarrow.json"),
    *("torch.nested._internal.nested_tensor", "torch.utils.serialization"),
)
"""What the workers of a sweep import."""
RAY = "tuner.execution.forked_ray"
"""The module that prepares Ray for forks, before and after it is imported."""


class NotForkableError(Exception):
    """This process could not be forked safely after its imports."""


def preload() -> None:
    """Imports it all. Raises NotForkableError where that has started threads, or opened a GPU."""
    found = (each.name for each in pkgutil.walk_packages(import_module("tuner").__path__, "tuner."))
    _import([*(name for name in found if not name.startswith(LEFT_OUT)), *LATE])


def preload_for_workers() -> None:
    """Imports what workers need. Raises NotForkableError where that has started threads, or opened a GPU."""
    _import(WORKERS)


def _import(names: Iterable[str]) -> None:
    with prepared_environment():
        ray = import_module(RAY)
        ray.before_import()
        for name in names:
            import_module(name)
        ray.after_import()
    _check()
    gc.collect()
    gc.freeze()  # no collection touches these pages any more, so that forks share them


def _check() -> None:
    threads = [each.name for each in threading.enumerate() if each is not threading.main_thread()]
    if threads:
        raise NotForkableError(f"a library has started threads: {', '.join(threads)}")
    devices = {link for link in map(_target, os.listdir("/proc/self/fd")) if link.startswith("/dev/nvidia")}
    if devices:
        raise NotForkableError(f"a library has opened {min(devices)}")


def _target(file: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{file}")
    except OSError:  # that of the listing itself
        return ""
