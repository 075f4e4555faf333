"""`--notify`: a command or an address is told how a sweep has ended.

What to tell is in a file of the sweep's folder, readable by its owner alone, so that a sweep that is resumed or runs in
the background tells it too. It is not in sweep.json, which MLflow gets: such addresses are often secret.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.errors import one_line
from tuner.core.finite import finite
from tuner.core.outcome import Outcome
from tuner.core.sweep_folder import SweepFolder

ANSWER_S, COMMAND_S = 10.0, 60.0  # how long an address may take to answer, and a command to end
_OWNER_ALONE = 0o600


def keep_notification(folder: Path, target: str | None) -> None:
    """Writes down in a sweep's folder whom to tell, if anybody."""
    if target is not None:
        file = os.open(SweepFolder(folder).notify, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ALONE)
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write(target)


class Notifier(Callback):
    """Tells whom the sweep's folder names how the sweep has ended. A failure of that is a note."""

    def __init__(self, config: SweepConfig, folder: SweepFolder, events: Callback) -> None:
        self._known = {"sweep": config.name, "pair": config.pair, "folder": str(folder.path)}
        self._file = folder.notify
        self._events = events

    def on_sweep_end(self, outcome: Outcome) -> None:
        """It is finished, or paused by a signal: its result so far, as in `--json`."""
        self._tell({**self._known, "state": "finished" if outcome.finished else "paused", **outcome.to_json()})

    def on_sweep_error(self, text: str) -> None:
        """It has failed."""
        self._tell({**self._known, "state": "failed", "reason": text})

    def on_sweep_stopped(self) -> None:
        """A signal came before there was a trial to save."""
        self._tell({**self._known, "state": "paused"})

    def _tell(self, content: Mapping[str, Any]) -> None:
        try:
            target = self._file.read_text(encoding="utf-8")
        except OSError:
            return
        trouble = notify(target, json.dumps(finite(content), allow_nan=False).encode())
        if trouble:
            self._events.on_note(f"--notify: {trouble}")


def notify(target: str, content: bytes) -> str:
    """Sends the content by POST to an address, or gives it to a command on its standard input.

    Returns what went wrong, in a line without the path of an address; empty if nothing did.
    """
    return _post(target, content) if target.startswith(("http://", "https://")) else _run(target, content)


def _post(address: str, content: bytes) -> str:
    host = "the address"
    try:
        host = urlsplit(address).hostname or host
        asked = urllib.request.Request(address, content, {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(asked, timeout=ANSWER_S):
            return ""
    except urllib.error.HTTPError as error:
        return f"{host} has answered with {error.code} {error.reason}"
    except (OSError, ValueError, HTTPException) as error:
        return f"{host} does not answer: {one_line(error)}"


def _run(command: str, content: bytes) -> str:
    try:
        done = subprocess.run(command, shell=True, input=content, capture_output=True, timeout=COMMAND_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command}: {one_line(error)}"
    if done.returncode == 0:
        return ""
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return f"{command}: exit status {done.returncode}" + (f", {said[-1]}" if said else "")
