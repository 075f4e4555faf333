"""Sweeps that are stopped in all the ways in which systems and people do it, gone on with, and counted."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from support.common import read_runs
from support.process_groups import Terminal, end_all, no_processes, processes, program
from support.processes import Process, wait_until

from faults.kills import SIZE, SWEEP, Attack

# the exit status after each way to stop a sweep
WAYS = {
    "timeout": 143,  # SIGTERM to the group, twice
    "systemd": 143,  # SIGTERM to every process of the control group, Ray's too
    "ctrl-c": 130,
    "closed terminal": 129,
    "raylet killed": 1,
    "gcs_server killed": 1,
    "timeout as Ray starts": 143,
    "timeout as Ray ends": 143,
    "ctrl-c as Ray ends": 130,
    "ctrl-c at the test": 130,
}
SUMMED_UP = {"timeout", "systemd", "ctrl-c"}  # Ray cannot end by itself after the second of them
EPOCHS_BETWEEN = 4
WAIT_S = 600.0


class Stopper(Attack):
    """A folder in which a sweep is begun, stopped in each way, and gone on with."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        super().__init__(environment, folder, seed=0)
        self._number = 1

    def stop(self) -> None:
        """All ways, and the sweep goes on to its end. See `counts`."""
        words: tuple[str, ...] = (*SWEEP, *SIZE, "--name", self._name)
        try:
            for way, code in WAYS.items():
                self._stop(way, code, words)
                words = ("resume", self._name)
            process = self._tuner(*words)
            err = process.communicate(timeout=WAIT_S)[1]
            self._check(process.returncode, err)
        finally:
            end_all(self._folder)

    def _stop(self, way: str, code: int, words: tuple[str, ...]) -> None:
        if way == "closed terminal":
            with Terminal(self._environment, self._folder, *words) as terminal:
                self._wait(way, terminal.process)
                terminal.close()
                got, out, err = terminal.process.wait(WAIT_S), "", "to continue: tuner resume"  # nobody can read it
        else:
            process = self._tuner(*words)
            self._wait(way, process)
            self._strike(way, process)
            out, err = process.communicate(timeout=WAIT_S)
            got = process.returncode
        self.counts.kills[way] += 1
        if got != code or "to continue: tuner resume" not in err or "Traceback" in err:
            self._lose(f"{way}: it ended with {got}: {err[-2000:]}")
        if way in SUMMED_UP and "Interrupted; every trial is saved" not in out:
            self._lose(f"{way}: there is no summary: {out[-2000:]}")
        if not no_processes(self._folder):
            self._lose(f"{way}: processes are left: {processes(self._folder)}")
        self._compare_with_now()
        runs = read_runs(f"sqlite:///{self._folder}/runs/mlflow.db", "digits-cnn")
        if "RUNNING" in {run.info.status for run in runs}:
            self._lose(f"{way}: runs are left RUNNING")

    def _strike(self, way: str, process: Process) -> None:
        if way == "systemd":
            for pid in processes(self._folder):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        elif way.endswith("killed"):
            [pid] = [pid for pid in processes(self._folder) if program(pid) == way.partition(" ")[0]]
            os.kill(pid, signal.SIGKILL)
        elif way.startswith("timeout"):
            for _ in range(2):
                os.killpg(process.pid, signal.SIGTERM)
        else:
            os.killpg(process.pid, signal.SIGINT)

    def _wait(self, way: str, process: Process) -> None:
        """Until it is time to."""
        enough, had_raylet = self._lines() + EPOCHS_BETWEEN, False

        def due() -> bool:
            nonlocal had_raylet
            if way.endswith("at the test"):
                return (self._sweep / "model").exists()
            if way.endswith(("as Ray starts", "as Ray ends")):
                programs = {program(pid) for pid in processes(self._folder)}
                had_raylet = had_raylet or "raylet" in programs
                return "gcs_server" in programs if way.endswith("starts") else had_raylet and "raylet" not in programs
            return self._lines() >= enough

        wait_until(due, process, poll=0.01)
