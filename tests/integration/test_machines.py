"""Sweeps on machines that lack something: shared memory, open files, a home, a terminal, a disk, a folder of Ray."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from faults.inventory import inventory, lost_between
from support import processes
from support.common import BIN, Command, wait_for_epochs
from support.small_disk import hindrance, small_disk

from tuner.search.study_reader import read_records

pytestmark = pytest.mark.proof
TRIALS = 6
TINY = ("--trials", "2", "--max-epochs", "1", "--limit", "200", "--set", "width=0.25")
SWEEP = ("sweep", "digits", "cnn", *TINY, "--json")
needs_mounts = pytest.mark.skipif(bool(hindrance()), reason=hindrance() or "a disk can be mounted")
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can mount where it likes")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Runs a sweep behind the words of a shell, in which "$@" stands for it: exit status, stdout and stderr."""

    def go(before: str = 'exec "$@"', *, without: tuple[str, ...] = (), **extra: str) -> tuple[int, str, str]:
        words = [*(("unshare", "--mount") if "mount " in before else ()), "sh", "-c", before, "sh"]
        kept = {name: value for name, value in {**environment, **extra}.items() if name not in without}
        process = processes.start([*words, BIN / "tuner", *SWEEP], folder=tmp_path, environment=kept)
        try:
            out, err = process.communicate(timeout=280)
        finally:
            processes.end(process, signal.SIGKILL)
        return process.returncode, out, err

    return go


def check_done(done: tuple[int, str, str]) -> None:
    code, out, err = done
    assert code == 0, err
    assert json.loads(out)["finished"]
    assert "Traceback" not in err


def test_256_open_files(run: Run) -> None:
    check_done(run('ulimit -n 256; exec "$@"'))


def test_no_home_and_no_terminal(run: Run) -> None:
    check_done(run('exec setsid --wait "$@"', without=("HOME", "TERM")))


def test_a_home_that_cannot_be_written(run: Run) -> None:
    check_done(run(HOME="/proc/nothing"))


@needs_mounts
@needs_root
def test_64_megabytes_of_shared_memory(run: Run) -> None:
    check_done(run('mount -t tmpfs -o size=64m none /dev/shm && exec "$@"'))


@needs_mounts
@needs_root
@pytest.mark.parametrize("size", ["4m", "16m"])
def test_a_disk_under_rays_files_that_is_full_is_told_in_a_line(run: Run, tmp_path: Path, size: str) -> None:
    (tmp_path / "r").mkdir()
    code, out, err = run(f'mount -t tmpfs -o size={size} none {tmp_path}/r && exec "$@"', RAY_TMPDIR=f"{tmp_path}/r")
    assert (code, out) == (1, "")
    [line] = [line for line in err.splitlines() if line.startswith("error: ")]
    assert line.startswith(
        f"error: the disk of {tmp_path}/r, where Ray keeps its files, is full: free some space, then: "
    )


@needs_mounts
@needs_root
def test_rays_usual_folder_is_not_ours_to_write(run: Run) -> None:
    """As where another user has made /tmp/ray for himself. This happens in a /tmp of the sweep's own."""
    own = "mount -t tmpfs -o mode=1777 none /tmp && mkdir /tmp/ray /tmp/w && mount -t tmpfs -o ro none /tmp/ray"
    check_done(run(f'{own} && cd /tmp/w && exec "$@"', without=("RAY_TMPDIR", "TUNER_HOME")))


@needs_mounts
def test_a_disk_under_rays_files_that_fills_up_during_a_sweep(
    environment: dict[str, str], tuner: Command, tmp_path: Path
) -> None:
    words = ("sweep", "digits", "cnn", "--trials", str(TRIALS), "--max-epochs", "9", "--set", "width=0.25")
    with small_disk(Path(environment["RAY_TMPDIR"]), 200 << 20) as disk:  # whose path is short
        command = disk.inside("env", f"--chdir={tmp_path}", str(BIN / "tuner"), *words, "--name", "x", "--json")
        process = processes.start(command, folder=tmp_path, environment=environment)
        try:
            wait_for_epochs(tmp_path, 3, process)
            fill(disk.view / "fill")
            _, err = process.communicate(timeout=280)
        finally:
            processes.end(process, signal.SIGKILL)
    before = read_records(tmp_path / "runs/x/study.log")
    assert process.returncode == 1
    [line] = [line for line in err.splitlines() if line.startswith("error: ")]
    assert line.startswith(
        f"error: the disk of {environment['RAY_TMPDIR']}, where Ray keeps its files, is full; every "
    )
    assert line.endswith("tuner resume x")
    assert "Traceback" not in err
    done = tuner("resume", "x", "--json", folder=tmp_path)
    check_done((done.returncode, done.stdout, done.stderr))
    assert lost_between(before, read_records(tmp_path / "runs/x/study.log")).wrong == []
    found = inventory(tmp_path / "runs", "x", TRIALS)
    assert (found.trials, found.lost, found.wrong) == (TRIALS, (0, 0, 0), [])


def fill(file: Path) -> None:
    """Writes until the disk is full to the last byte."""
    with suppress(OSError), file.open("wb", buffering=0) as full:
        while True:
            full.write(bytes(1 << 12))


def test_two_sweeps_at_once_in_one_home(tuner: Command, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(tuner, *SWEEP, folder=tmp_path) for _ in range(2)]
    results = [each.result() for each in both]
    for done in results:
        check_done((done.returncode, done.stdout, done.stderr))
    assert {Path(json.loads(done.stdout)["folder"]).name for done in results} == {"digits-cnn-1", "digits-cnn-2"}
