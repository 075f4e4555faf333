"""Which folders of PYTHONPATH hide packages, and what the command says when its own package cannot be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tuner._entry import OWN, hidden_by
from tuner.core.package import copy_package


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder of installed packages."""
    folder = tmp_path / "site-packages"
    for name in ("torch", "models"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
    (folder / "typer.py").touch()
    return folder


@pytest.mark.parametrize(("path", "found"), [
    ("tuner.py", "tuner.py"),
    ("queue.py", "queue.py"),
    ("typer.py", "typer.py"),
    ("torch/__init__.py", "torch"),
    ("models/__init__.py", "models"),
    ("torch.cpython-311-x86_64-linux-gnu.so", "torch.cpython-311-x86_64-linux-gnu.so"),
    ("torch/notes.txt", ""),  # a folder without __init__.py does not hide a package
    ("tests/__init__.py", ""),
    ("mine.py", ""),
    ("queue.txt", ""),
    ("queue.old.py", ""),
    ("tuner/__init__.py", "tuner"),
])  # fmt: skip
def test_what_hides_a_package(path: str, found: str, tmp_path: Path, installed: Path) -> None:
    file = tmp_path / "mine" / path
    file.parent.mkdir(parents=True)
    file.touch()
    assert hidden_by(str(tmp_path / "mine"), [str(installed)]) == found


def test_a_folder_of_installed_packages_hides_nothing(tmp_path: Path, installed: Path) -> None:
    """As a cluster's modules put on PYTHONPATH."""
    (tmp_path / "apps" / "torch-2.15.dist-info").mkdir(parents=True)
    (tmp_path / "apps" / "torch.py").touch()
    assert hidden_by(str(tmp_path / "apps"), [str(installed)]) == ""
    assert hidden_by(OWN, [str(installed)]) == ""
    assert hidden_by(str(tmp_path / "missing"), [str(installed)]) == ""


def test_a_copy_of_this_package_is_meant_to_be_used(tmp_path: Path, installed: Path) -> None:
    copy_package(tmp_path / "changed")
    assert hidden_by(str(tmp_path / "changed"), [str(installed)]) == ""


def run_with(code: str) -> subprocess.CompletedProcess[str]:
    """The command with some code before it."""
    code = f"import sys; {code}; sys.argv = ['tuner', '--version']; import tuner_start; tuner_start.main()"
    environment = {**os.environ, "PYTHONPATH": OWN}
    return subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, env=environment, check=False
    )


def test_another_package_of_the_same_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "tuner").mkdir()
    (tmp_path / "tuner/__init__.py").touch()
    done = run_with(f"sys.path.insert(0, {str(tmp_path)!r})")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: Python finds another package that is called tuner, {tmp_path}/tuner/")
    assert done.stderr.count("\n") == 1


def test_a_missing_library_is_told() -> None:
    done = run_with("sys.modules['typer'] = None")
    assert done.returncode == 2
    assert done.stderr.startswith("error: import of typer halted")
    assert done.stderr.endswith("install tuner again, with all that it needs\n")


@pytest.mark.parametrize(("last", "code", "out"), [
    ("", 0, "kept"),
    ("sys.exit(3)", 3, "kept"),
    ("sys.exit('why')", 1, "kept"),
    ("raise ValueError('why')", 1, "kept"),
])  # fmt: skip
def test_the_command_ends_at_once_after_its_threads_and_hooks(last: str, code: int, out: str) -> None:
    source = (
        "import atexit, sys, threading, time; from tuner import _entry\n"
        "class Slow:\n    def __del__(self): print('taken down')\n"
        "def command():\n"
        "    atexit.register(lambda: print('hook'))\n"
        "    threading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()\n"
        "    print('kept', end=' ')\n"
        f"    {last or 'pass'}\n"
        "slow = Slow()\n_entry._command = lambda: command\n_entry.main()"
    )
    done = subprocess.run([sys.executable, "-P", "-c", source], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stdout.split() == [out, "thread", "hook"] + (["taken", "down"] if "ValueError" in last else [])
    assert ("why" in done.stderr) is ("why" in last)


def test_what_nobody_can_read_is_an_error_of_its_own() -> None:
    source = (
        "import sys; from tuner import _entry; sys.stdout = open('/dev/full', 'w')\n"
        "_entry._command = lambda: lambda: print('x')\n_entry.main()"
    )
    done = subprocess.run([sys.executable, "-P", "-c", source], capture_output=True, check=False)
    assert done.returncode == 120
