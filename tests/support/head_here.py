"""A head of a cluster that is this machine: the commands that a page of sweeps runs there are run here, without Ray."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ADDRESS = "http://127.0.0.1:9"  # nobody listens there


@dataclass
class HeadHere:
    """See `serving.board.cluster.HeadOf`. Its jobs are processes."""

    home: Path
    address: str = ADDRESS
    words: list[list[str]] = field(default_factory=list)
    """Of all commands so far."""
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def start(self, words: Sequence[str]) -> str:
        self.words.append(list(words))
        name = str(len(self.words))
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-P", "-m", "tuner", *words],
            env={**os.environ, "TUNER_HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return name

    def follow(self, job: str, line: Callable[[str], None]) -> str:
        process = self.processes[job]
        assert process.stdout
        assert process.stderr
        for text in process.stdout:
            line(text.rstrip("\n"))
        with suppress(ValueError):
            wrong = process.stderr.read().strip()
        return "" if process.wait() == 0 else wrong.removeprefix("error: ") or f"exit status {process.returncode}"

    def stop(self, job: str) -> None:
        self.processes[job].terminate()

    def job_of(self, sweep: str) -> str:
        return f"tuner-{sweep}"

    def end(self) -> None:
        """Ends what still runs."""
        for process in self.processes.values():
            process.kill()
            process.communicate()
