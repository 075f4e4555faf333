"""What the page does: the same commands that a user would type, run in processes of their own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tuner.core.errors import TunerError
from tuner.execution.jobs.address import HERE

PATIENCE_S = 300.0  # a sweep that starts on a busy machine reads its data first


def placed(cluster: str, *words: str) -> list[str]:
    """The words of a command about a sweep: on a cluster it has `--address`, and runs in the background by itself."""
    return [*(each for each in words if each != "--detach"), "--address", cluster] if cluster else list(words)


def run_command(words: Sequence[str], patience: float = PATIENCE_S) -> tuple[str, list[str]]:
    """Runs `tuner WORDS` in the folder of this process. Returns its output, and the lines of its messages.

    Raises:
        TunerError: it has failed; the message is its own.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tuner", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience,
            start_new_session=True,  # what it starts outlives this server
            env={**os.environ, "TUNER_ADDRESS": HERE, "NO_COLOR": "1", "COLUMNS": "10000"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TunerError(f"{shlex.join(['tuner', *words])} took more than {patience:.0f} s") from None
    except (OSError, ValueError) as error:  # such as a zero byte in a word
        raise TunerError(f"the command cannot be run: {error}") from None
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    if done.returncode:
        errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        raise TunerError(errors[-1] if errors else " ".join(lines[-1:]) or f"exit status {done.returncode}")
    return done.stdout, lines


def run_json(words: Sequence[str]) -> tuple[Any, list[str]]:
    """The same of a command with --json: what it prints, parsed."""
    out, lines = run_command([*words, "--json"])
    try:
        return json.loads(out), lines
    except ValueError:
        raise TunerError(f"{shlex.join(['tuner', *words])}: its output is no JSON") from None
