"""optuna-dashboard for single sweeps, where it is installed: a process for each, begun when somebody asks for it."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Lock

from tuner.core.errors import TunerError
from tuner.core.sweep_folder import SweepFolder, known_sweep
from tuner.serving.listening import listen_from

PACKAGE = "optuna_dashboard"
MISSING = "optuna-dashboard is not installed: pip install optuna-dashboard"
MOST = 4  # processes; the one that was begun first ends for another one
START_S = 60.0
STUDY = "/dashboard/studies/0"  # a sweep's journal has one study
_RUN = "tuner.serving.board.run_optuna_dashboard"


def is_installed() -> bool:
    """Whether there is an optuna-dashboard."""
    return importlib.util.find_spec(PACKAGE) is not None


class OptunaDashboards:
    """Those that run. They read the studies of sweeps, and cannot change them."""

    def __init__(self, home: Path, first_port: int) -> None:
        self._home, self._port = home, first_port
        self._running: dict[str, tuple[subprocess.Popen[bytes], str]] = {}
        self._lock = Lock()

    def address(self, name: str) -> str:
        """The address of a sweep's; it is begun if it does not run.

        Raises:
            TunerError: it is not installed, the sweep has no study yet, or it does not start.
        """
        if not is_installed():
            raise TunerError(MISSING)
        known_sweep(name, self._home)
        journal = SweepFolder(self._home / name).journal
        if not journal.exists():
            raise TunerError(f"{name} has no study yet")
        with self._lock:
            process, address = self._running.get(name, (None, ""))
            if process is None or process.poll() is not None:
                self._make_room()
                address = self._begin(name, journal)
        return address

    def close(self) -> None:
        """Ends all of them."""
        for name in list(self._running):
            self._end(name)

    def _begin(self, name: str, journal: Path) -> str:
        with listen_from("127.0.0.1", self._port) as listener:
            port = int(listener.getsockname()[1])
        command = [sys.executable, "-P", "-m", _RUN, str(journal), str(port)]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        address = f"http://127.0.0.1:{port}"
        self._running[name] = process, address + STUDY
        until = time.monotonic() + START_S
        while time.monotonic() < until and process.poll() is None:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    return address + STUDY
            time.sleep(0.1)
        self._end(name)
        raise TunerError(f"optuna-dashboard has not started on {address}")

    def _make_room(self) -> None:
        while len(self._running) >= MOST:
            self._end(next(iter(self._running)))

    def _end(self, name: str) -> None:
        process, _ = self._running.pop(name)
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
