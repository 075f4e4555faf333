"""Every test has a home folder and a working folder of its own; sweeps run the real command in a real process."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from faults.ledger import (  # noqa: F401 - used by pytest
    ledger,
    pytest_addoption,
    pytest_configure,
    pytest_runtest_makereport,
    pytest_sessionfinish,
    pytest_testnodedown,
)
from support import processes
from support.common import BIN, Command, Finished, Start, Typed, free_port, make_config
from support.processes import Process, end
from support.workers import folder_of_all, made_once

from tuner.core import catalog
from tuner.warm import place

STARTED: list[Process] = []
os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="tuner-tests-")
"""No test uses what `tuner up` has left for the user; those of warm starts have folders of their own."""
atexit.register(shutil.rmtree, os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)
SET_BY_OURSELVES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "PYTHONSAFEPATH")  # in this process


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty TUNER_HOME, and an empty folder to work in."""
    monkeypatch.setenv("TUNER_HOME", str(tmp_path / "runs"))
    monkeypatch.setattr(place, "folder_path", lambda: str(tmp_path / "up"))  # none of the user's is seen
    for name in SET_BY_OURSELVES:  # not by monkeypatch, which would set them again at the end
        os.environ.pop(name, None)
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "runs"
    for name in SET_BY_OURSELVES:  # for the fixtures of the next module, which come before this one
        os.environ.pop(name, None)


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty TUNER_DATA, for what is kept of folders of images."""
    monkeypatch.setenv("TUNER_DATA", str(tmp_path / "caches"))
    return tmp_path / "caches"


@pytest.fixture(scope="module")
def read_digits_once() -> Iterator[None]:
    """The handwritten digits are read once for all requests of a module."""
    module, patch = catalog.load("datasets", "digits"), pytest.MonkeyPatch()
    splits = module.load(None)
    patch.setattr(module, "load", lambda _: splits)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """What a script begins in its background ignores SIGINT, with nohup SIGHUP too, and so would our processes."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """On busy cores the threads of torch wait for each other longer than they work."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """The environment of processes that the tests start. Ray's files lie in a folder of the tests' own.

    Its path is short, since Ray puts sockets into it, and their paths may have no more than 107 characters.
    """
    folder = tempfile.mkdtemp(prefix="tt", dir="/tmp" if Path("/tmp").is_dir() else None)
    names = (*SET_BY_OURSELVES, "TUNER_HOME", "RAY_ADDRESS")
    yield {
        **{k: v for k, v in os.environ.items() if k not in names},
        "RAY_TMPDIR": folder,
        "XDG_RUNTIME_DIR": folder,
        "COLUMNS": "120",
    }
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def reaped() -> Iterator[None]:
    """Ends what a test has started and, since it failed, not ended; Ray's processes end with it."""
    before = len(STARTED)
    yield
    for process in STARTED[before:]:
        if process.poll() is None:
            end(process, signal.SIGKILL)


@pytest.fixture(scope="session")
def warm(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a command's environment has besides, so that it starts warm: see `warm_commands`."""
    from support.warm_commands import warm_commands

    with warm_commands(folder_of_all(tmp_path_factory) / "warm", environment) as found:
        yield found


@pytest.fixture(scope="session")
def start(environment: dict[str, str]) -> Start:
    """Starts `tuner ARGUMENTS` in a folder, as a newcomer would type it: cold, in a process of its own."""

    def start_tuner(*arguments: str, folder: Path, **extra: str) -> Process:
        process = processes.start([BIN / "tuner", *arguments], folder=folder, environment={**environment, **extra})
        STARTED.append(process)
        return process

    return start_tuner


@pytest.fixture(scope="session")
def cold_tuner(start: Start) -> Command:
    """Runs `tuner ARGUMENTS` in a folder to its end, in a process of its own."""

    def run(*arguments: str, folder: Path, **extra: str) -> subprocess.CompletedProcess[str]:
        process = start(*arguments, folder=folder, **extra)
        try:
            out, err = process.communicate(timeout=600)
        finally:
            end(process, signal.SIGKILL)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return run


@pytest.fixture(scope="session")
def tuner(cold_tuner: Command, warm: dict[str, str]) -> Command:
    """The same after a `tuner up`, which saves seconds. Nothing else may differ."""

    def run(*arguments: str, folder: Path, **extra: str) -> subprocess.CompletedProcess[str]:
        return cold_tuner(*arguments, folder=folder, **{**warm, **extra})

    return run


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Runs `tuner ARGUMENTS` in this process, for what starts no Ray: exit status, stdout and stderr."""
    from tuner.cli import app

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tuner", *arguments])
        with pytest.raises(SystemExit) as ended:
            app.main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture
def sweep(home: Path) -> Path:
    """A folder of a sweep that has not begun."""
    folder = home / "demo"
    folder.mkdir(parents=True)
    make_config().save(folder)
    return folder


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database, with its tables and without a run. To make one takes seconds, so tests begin with a copy."""
    from tuner.tracking.store import Store

    def make(home: Path) -> str:
        Store(uri=f"sqlite:///{home}/mlflow.db", artifacts=home.as_uri()).prepare()
        return "mlflow.db"

    home, name = made_once(tmp_path_factory, "database", make)
    return home / name


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, database: Path) -> Path:
    """A home with two finished trainings, see `two_models`: tests begin with a copy."""
    from support.two_models import make_two_models

    folder, name = made_once(tmp_path_factory, "two_models", lambda folder: make_two_models(folder, database).name)
    return folder / name


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A plain MLflow server of the tests' own, without logins: its address."""
    from support.mlflow_server import plain_server

    with plain_server(tmp_path_factory.mktemp("server"), free_port()) as uri:
        yield uri


@pytest.fixture(scope="session")
def finished(cold_tuner: Command, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One real sweep that many tests look at: eight trials of at most nine epochs, with rungs at 1 and 3.

    Two of three choices of the learning rate are hopeless, so that there is something to prune and something to fail.
    """

    def make(folder: Path) -> str:
        done = cold_tuner(
            *("sweep", "digits", "cnn", "--trials", "8", "--max-epochs", "9", "--json"),
            *("--set", "width=0.25", "--set", "lr=0.003,1e-6,1e30", "--set", "optimizer=adam"),
            folder=folder,
        )
        assert done.returncode == 0, done.stderr
        return json.dumps([json.loads(done.stdout), done.stderr])

    folder, printed = made_once(tmp_path_factory, "a folder", make)  # with a space in its name
    return Finished(folder, *json.loads(printed))
