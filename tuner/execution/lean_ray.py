"""Leaves out of a local Ray what a sweep on its own machine has no use for: dashboard, monitors and agents.

They are five processes of Python, and `ray.init` waits for them even with `include_dashboard=False`. What this needs of
Ray's private names is used here alone. Where one of them is missing, Ray starts with its helpers, as it always does.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray._private.node import Node
from ray.tune.execution import class_cache

from tuner.execution.forked_ray import JOB, ShapeError

_STUBS = Path(__file__).parent / "stubs"
_HELPERS = ("start_api_server", "start_monitor", "start_log_monitor")
_AGENTS = {  # the flag of the raylet, the end of the program's path in it, and the port files that the raylet waits for
    "--dashboard_agent_command": (
        r"agent\.py",
        ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port"),
    ),
    "--runtime_env_agent_command": (r"main\.py", ("runtime_env_agent_port",)),
}
_WORKER = ("--python_worker_command", r"setup_worker\.py")


@contextmanager
def lean_ray(zygote: str = "") -> Iterator[Callable[[list[str]], list[str]]]:
    """As long as the block lasts, `ray.init` starts no helpers. Yields what changes the command of each process.

    Workers are forked from the `zygote` with this mark, if one is given and answers.

    Raises:
        ShapeError: this Ray has other names; nothing is changed.
    """
    if not all(callable(getattr(Node, name, None)) for name in _HELPERS):
        raise ShapeError(f"no Node.{' or Node.'.join(_HELPERS)}")
    if not hasattr(class_cache, "DEFAULT_ENV_VARS") or not hasattr(class_cache, "_ActorClassCache"):
        raise ShapeError("no class_cache.DEFAULT_ENV_VARS or _ActorClassCache")

    usual = {name: getattr(Node, name) for name in _HELPERS}
    for name in _HELPERS:
        setattr(Node, name, _start_nothing)
    try:
        yield partial(_leaner, zygote)
    finally:
        for name, method in usual.items():
            setattr(Node, name, method)


def use_lean_actors() -> None:
    """Lets Ray Tune's workers inherit the environment: one of their own would need the agent that is left out."""
    os.environ.update(class_cache.DEFAULT_ENV_VARS)

    def get(cache: Any, trainable: type) -> Any:
        return cache._cache.setdefault(trainable, ray.remote(trainable))

    class_cache._ActorClassCache.get = get


def _start_nothing(node: Any, **_: object) -> None:
    node._webui_url = None  # what starting the dashboard would set


def _leaner(zygote: str, command: list[str]) -> list[str]:
    """The command of a raylet with stubs in place of its agents and of what sets a worker's environment up."""
    if Path(command[0]).name != "raylet":
        return command
    for flag, (program, names) in _AGENTS.items():
        command = _replaced(command, flag, program, "agent.py", ",".join(names))
    stub = ("forked_worker.py", zygote, JOB) if zygote else ("worker.py",)
    return _replaced(command, *_WORKER, *stub)


def _replaced(command: list[str], flag: str, program: str, stub: str, *words: str) -> list[str]:
    """The same with another program behind a flag; what follows the program stays."""
    start = f"{flag}={subprocess.list2cmdline([sys.executable, '-S', '-E', str(_STUBS / stub), *words])}"
    pattern = re.compile(rf"^{flag}=.*?{program}")
    if sum(bool(pattern.match(each)) for each in command) != 1:
        raise ShapeError(f"no {flag} of {program}")
    return [pattern.sub(lambda _: start, each) for each in command]


def tell_shape(error: ShapeError) -> None:
    """Says in a line of the log that Ray starts with its helpers."""
    text = f"Ray {ray.__version__} has another shape ({error}): it starts with its helpers, which takes longer"
    logging.getLogger("tuner").warning(text)
