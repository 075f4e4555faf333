"""The program on a cluster's head, as a real process: every command that is typed elsewhere runs through it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tuner.cli.remote import RUN
from tuner.core.environment import OUTPUT_MARK


def test_it_runs_the_command_and_ends_with_its_exit_status(home: Path) -> None:
    (home.parent / "tuner.py").write_text("raise SystemExit('a file of the folder was run')")
    for words, code, last in ((["list"], 0, "digits"), (["logs", "nothing"], 2, "error: ")):
        ran = subprocess.run(
            [sys.executable, *RUN[1:], *words],
            env={**os.environ, "TUNER_ADDRESS": "http://127.0.0.1:1"},  # it must not be asked from there again
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        first, *lines = ran.stdout.splitlines()
        assert (first, ran.returncode) == (OUTPUT_MARK, code)
        assert any(last in line for line in lines)
