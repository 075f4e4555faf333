"""Workers that die or cannot start: why, in a line, and what becomes of their trials."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray.tune import Callback

from tuner.execution.ray_folder import full_disk
from tuner.search.controller import Controller

_MEMORY = "Ray killed it, since the memory of the node"


def lacked_memory(why: str) -> bool:
    """Whether a cause says that Ray's memory monitor killed the worker to protect the node."""
    return why.startswith(_MEMORY)


def death_cause(trial: Any) -> str:
    """Why a Ray Tune trial lost its worker the last time."""
    return explain_death(_last_error(trial))


def _last_error(trial: Any) -> str:
    path = Path(trial.error_file or "")
    return path.read_text(encoding="utf-8", errors="replace").rpartition("Failure # ")[2] if path.name else ""


def explain_death(text: str) -> str:
    """Summarises Ray's error message in one line.

    >>> explain_death("The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR ...")
    'its process was killed, or crashed'
    """
    if "running low on memory" in text:
        return f"{_MEMORY}{_found(r'Memory on the node .IP: ([^,]+),', text)} was full"
    if "its node has died" in text:
        return f"the node{_found(r'Node Id: (.{8})', text)} died:{_found(r'was terminated[^:]*: (.+)', text)}"
    if "worker process has died" in text:
        return "its process was killed, or crashed"
    if "is unavailable:" in text:
        return "it cannot be reached: its node died, or the network failed"
    lines = text.split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "Ray does not say why")


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return f" {match[1].strip()}" if match else ""


_NO_IMPORT = "failed to import on the worker"  # Ray's words
_RAISED = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt)\b(?:: .*)?$", re.MULTILINE)
_PLACE = re.compile(r'^\s*File "([^"<]+)", line (\d+)', re.MULTILINE)


def import_failure(text: str) -> str:
    """Why a worker could not import what trials need, with the file that failed; empty for any other death.

    >>> import_failure("... failed to import on the worker ...:\\n\\nModuleNotFoundError: No module named 'torch'\\n")
    "ModuleNotFoundError: No module named 'torch'"
    """
    _, found, rest = text.partition(_NO_IMPORT)
    traced = rest.partition("\nRuntimeError: The actor with name")[0]  # Ray says all of it twice
    raised = list(_RAISED.finditer(traced))
    if not found:
        return ""
    if not raised:
        return "Ray does not say why"
    places = [place for place in _PLACE.findall(traced[: raised[-1].start()]) if "/ray/_private/" not in place[0]]
    where = " ({}, line {})".format(*places[-1]) if places else ""
    return raised[-1][0] + where


class WorkerDeaths(Callback):  # type: ignore[misc]
    """Tells the controller of trials that have lost their workers: they go on in others, unless it was too often."""

    def __init__(self, controller: Controller, ending: Callable[[], bool], broken: Callable[[str], None]) -> None:
        """While all are `ending`, the death of a worker is ignored. `broken` hears why no worker can ever start."""
        self._controller = controller
        self._ending = ending
        self._broken = broken

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:  # noqa: ARG002
        """Called by Ray Tune."""
        if not self._ending() and not self._cannot_start(trial):
            self._controller.on_moved(trial.config["number"], death_cause(trial))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:  # noqa: ARG002
        """Called by Ray Tune. Its scheduler hears of every death, but its searcher never hears the reason."""
        if not self._ending() and not self._cannot_start(trial):
            deaths, why = trial.num_failures, death_cause(trial)
            times = f": {why}" if deaths == 1 else f" {deaths} times, the last time: {why}"
            self._controller.on_lost(
                trial.config["number"], f"its worker died{times}", out_of_memory=lacked_memory(why)
            )

    def _cannot_start(self, trial: Any) -> bool:
        """Whether another worker would fail alike. Then nothing is tried again, and the trial is not to blame."""
        cause = import_failure(_last_error(trial)) or full_disk()
        if cause:
            self._broken(cause)
        return bool(cause)
