"""Why a trial has lost its worker, in a line. Ray says it in twenty, to a log that is silenced."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_MEMORY = "Ray killed it, since the memory of the node"


def lacked_memory(why: str) -> bool:
    """Whether a cause is that Ray's memory monitor has ended the worker, to save the node."""
    return why.startswith(_MEMORY)


def cause_of(trial: Any) -> str:
    """Why one of Tune's trials has lost its worker for the last time."""
    path = Path(trial.error_file or "")
    return cause(path.read_text(encoding="utf-8", errors="replace").rpartition("Failure # ")[2] if path.name else "")


def cause(text: str) -> str:
    """What Ray's account of it comes to.

    >>> cause("The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR ...")
    'its process was killed, or crashed'
    """
    if "running low on memory" in text:
        return f"{_MEMORY}{_found(r'Memory on the node .IP: ([^,]+),', text)} was full"
    if "its node has died" in text:
        return f"the node{_found(r'Node Id: (.{8})', text)} died:{_found(r'was terminated[^:]*: (.+)', text)}"
    if "worker process has died" in text:
        return "its process was killed, or crashed"
    if "is unavailable:" in text:
        return "it cannot be reached: its node died, or the network between"
    lines = text.split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "Ray does not say why")


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return f" {match[1].strip()}" if match else ""
