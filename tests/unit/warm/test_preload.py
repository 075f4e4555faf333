"""What may be forked, and that what is imported ahead exists."""

from __future__ import annotations

import subprocess
import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from tuner.core.errors import TunerError
from tuner.warm import fork, place, preload, start


@pytest.mark.parametrize("name", [*preload.LATE, *preload.WORKERS])
def test_what_is_imported_ahead_exists(name: str) -> None:
    """A name that a new version of a library has no more would make `tuner up` fail."""
    assert find_spec(name)


@pytest.mark.parametrize("entry", fork.ENTRIES.values())
def test_what_forks_run_exists(entry: str) -> None:
    module, _, name = entry.partition(":")
    assert callable(getattr(import_module(module), name))


def test_a_process_with_threads_is_not_forked() -> None:
    over = threading.Event()
    other = threading.Thread(target=over.wait, name="busy")
    other.start()
    try:
        with pytest.raises(preload.NotForkableError, match="busy"):
            preload._check()
    finally:
        over.set()
        other.join()


def test_a_machine_with_gpus_starts_as_usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_GPUS", (str(tmp_path),))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with pytest.raises(TunerError, match="this machine has GPUs"):
        start.start(1, lambda: None)


def test_the_client_imports_nothing_that_takes_long() -> None:
    """Every command waits for it."""
    code = "import sys; before = set(sys.modules); import tuner.warm.client; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.startswith("tuner")}
    assert ours <= {"tuner", "tuner.warm", "tuner.warm.client", "tuner.warm.place"}
    assert len(done.stdout.split()) < 12
