"""Says what a sweep waits for when none of its trials gets a worker: for other work to end, or for nodes to start."""

from __future__ import annotations

import time

from rich.console import Console

from tuner.config import SweepConfig

PATIENCE_S = 15.0  # a worker takes some seconds to start
AGAIN_S = 300.0


class Waiting:
    """Is told now and then how many trials wait for a worker, and how many have one."""

    def __init__(self, config: SweepConfig, console: Console) -> None:
        gpus = f" and {config.gpus_per_trial:g} GPU" if config.gpus_per_trial else ""
        self._demand = f"{config.cpus_per_trial} CPU{gpus}"
        self._console = console
        self._since: float | None = None
        self._due = 0.0

    def note(self, waiting: int, working: int) -> None:
        """Prints a line when trials wait, and none works, for a while; and again after some minutes."""
        now = time.monotonic()
        if working or not waiting:
            self._since = None
            return
        if self._since is None:
            self._since, self._due = now, now + PATIENCE_S
        if now >= self._due:
            self._due = now + AGAIN_S
            trials = "a trial waits" if waiting == 1 else f"{waiting} trials wait"
            text = f"{trials} for {self._demand} each: other work has them, or nodes are starting"
            self._console.print(text, markup=False, soft_wrap=True)
