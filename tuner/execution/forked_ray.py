"""Lets a process use Ray that was forked from one that has imported Ray.

Ray reads its settings from the environment when its library is loaded, that is, in the zygote. What this needs of Ray's
private names is used here alone. Where Ray has another shape there are no warm starts, and nothing else changes.
"""

from __future__ import annotations

import os
import runpy
import select
import sys
import threading
from importlib.metadata import version
from typing import Any

from tuner.warm.mark import is_fork

VERSION = "2.60."
"""The versions of Ray that this was measured with."""
JOB = "01000000"
"""The first job of a Ray. It is read once, and a worker of another job would abort."""
ALWAYS_THERE = "1"
"""A process that never ends, as a worker's raylet: read once too, and `_end_with_raylet` watches the true one."""


class ShapeError(Exception):
    """Ray is not as this module expects it."""


def before_import() -> None:
    """Sets what Ray's library reads when it is loaded, and never again. Raises ShapeError for another Ray."""
    found = version("ray")
    if not found.startswith(VERSION):
        raise ShapeError(f"warm starts are for Ray {VERSION}*, and this is {found}: every command starts as usual")
    os.environ.update(RAY_JOB_ID=JOB, RAY_RAYLET_PID=ALWAYS_THERE)


def after_import() -> None:
    """Checks the names that `adopt_environment` needs. Raises ShapeError where one is missing."""
    _parts()


def adopt_environment() -> None:
    """Lets Ray in a fork read its settings and its token again, from the environment that the fork has now."""
    if not is_fork():
        return
    config, tokens = _parts()
    config.initialize(b"")
    tokens.instance().reset_cache()


def _parts() -> tuple[Any, Any]:
    import ray._raylet as library  # noqa: PLC0415 - `before_import` comes first

    config, tokens = getattr(library, "Config", None), getattr(library, "AuthenticationTokenLoader", None)
    if not hasattr(config, "initialize") or not hasattr(tokens, "reset_cache"):
        raise ShapeError("Ray has no Config.initialize and AuthenticationTokenLoader.reset_cache: no warm starts")
    return config, tokens


def run_worker() -> None:
    """Runs Ray's program for workers, the first word of the command line, in this fork. It ends with its raylet."""
    raylet = os.pidfd_open(int(os.environ["RAY_RAYLET_PID"]))
    threading.Thread(target=_end_with_raylet, args=(raylet,), daemon=True).start()
    adopt_environment()
    runpy.run_path(sys.argv[0], run_name="__main__")


def _end_with_raylet(raylet: int) -> None:
    waiting = select.poll()
    waiting.register(raylet, select.POLLIN)
    waiting.poll()
    os._exit(1)
