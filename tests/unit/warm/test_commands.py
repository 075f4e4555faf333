"""A command in a fork is what it was without one: words, folder, environment, rights, streams, signals, exit status."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import Process, end, wait_until
from support.warm_zygote import COLD, Warm


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    made = Warm(tmp_path_factory.mktemp("warm"))
    made.up()
    yield made
    made.down()


@pytest.fixture
def waiting(warm: Warm) -> Iterator[tuple[Process, int]]:
    """A client and the process id of its fork, which waits for signals."""
    process = warm.client("wait")
    assert process.stdout
    yield process, int(process.stdout.readline())
    end(process, signal.SIGKILL)  # which closes its streams too


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_fork_takes_all_from_its_caller(warm: Warm, tmp_path: Path) -> None:
    odd = "caf\udce9"  # no Unicode
    environment = {**warm.environment, "MINE": odd}
    given = subprocess.PIPE
    process = warm.client("tell", odd, cwd=tmp_path, env=environment, umask=0o027, stdin=given)
    out, err = process.communicate("what is typed", timeout=60)
    assert process.returncode == 0, err
    told = json.loads(out)
    assert told["words"] == ["tell", odd]
    assert told["folder"] == str(tmp_path)
    assert told["umask"] == 0o027
    assert told["environment"] == environment
    assert told["input"] == "what is typed"
    assert told["terminal"] == [False] * 3
    assert told["session"]


def test_a_fork_has_no_files_of_the_zygote_or_of_other_forks(warm: Warm, waiting: tuple[Process, int]) -> None:
    files = [json.loads(warm.run("tell")[1])["files"] for _ in range(2)]
    assert files[0] == files[1]
    assert len(files[0]) <= 3 + 2  # the streams, the connection, and the listing itself


def test_a_folder_that_was_deleted_stays_the_working_folder(warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    code = "import os, sys; os.rmdir(os.getcwd()); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", code, *warm.command("exit", "3")]
    assert subprocess.run(command, cwd=tmp_path / "gone", env=warm.environment, check=False).returncode == 3


@pytest.mark.parametrize("code", [0, 1, 2, 130, 255])
def test_the_exit_status_is_that_of_the_fork(code: int, warm: Warm) -> None:
    assert warm.run("exit", str(code)) == (code, "", "")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_death_by_a_signal_is_the_death_of_the_command(number: signal.Signals, warm: Warm) -> None:
    assert warm.run("die", str(int(number))) == (-number, "", "")


def test_what_nobody_catches_is_shown(warm: Warm) -> None:
    code, out, err = warm.run("raise")
    assert (code, out) == (1, "")
    assert err.endswith("ValueError: why\n")


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP", "SIGWINCH", "SIGUSR1"])
def test_signals_reach_the_fork(name: str, waiting: tuple[Process, int]) -> None:
    process, _ = waiting
    assert process.stdout
    process.send_signal(getattr(signal, name))
    assert process.stdout.readline() == f"{name}\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "SIGTERM\n"
    assert process.wait(60) == 143


def test_what_the_caller_ignores_the_fork_ignores(warm: Warm) -> None:
    """As in a script's background, and by nohup."""
    ignoring = lambda: [signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGHUP)]  # noqa: E731
    _, out, _ = warm.run("tell", preexec_fn=ignoring)
    assert json.loads(out)["ignored"] == ["SIGINT", "SIGHUP"]


def test_a_killed_client_takes_its_fork_along(waiting: tuple[Process, int]) -> None:
    process, fork = waiting
    process.kill()
    assert wait_until(lambda: not is_alive(fork), timeout=30, poll=0.02)


def test_a_stopped_client_stops_its_fork_and_goes_on_with_it(waiting: tuple[Process, int]) -> None:
    process, fork = waiting
    assert process.stdout

    def state(pid: int) -> str:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

    process.send_signal(signal.SIGTSTP)
    assert wait_until(lambda: state(process.pid) == state(fork) == "T", timeout=30, poll=0.02)
    process.send_signal(signal.SIGCONT)
    assert wait_until(lambda: "T" not in state(process.pid) + state(fork), timeout=30, poll=0.02)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "SIGINT\n"


def test_a_terminal_is_the_callers_and_ctrl_c_reaches_the_fork(warm: Warm) -> None:
    master, slave = pty.openpty()
    process = warm.client("wait", before=("setsid", "--ctty"), stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    while b"\n" not in shown:
        shown += os.read(master, 1000)
    os.write(master, b"\x03")
    while b"SIGINT" not in shown:
        shown += os.read(master, 1000)
    os.close(master)  # the terminal is closed
    end(process, signal.SIGKILL)
    assert wait_until(lambda: not is_alive(int(shown.split()[0])), timeout=30, poll=0.02)


def orphaned(warm: Warm) -> tuple[Process, int]:
    """A command whose zygote has been killed, and the process id of its fork."""
    zygote = warm.up()["pid"]
    process = warm.client("wait")
    assert process.stdout
    fork = int(process.stdout.readline())
    os.kill(zygote, signal.SIGKILL)
    assert wait_until(lambda: not is_alive(zygote), timeout=30, poll=0.02)
    return process, fork


def test_a_killed_zygote_leaves_the_command_its_exit_status(tmp_path: Path) -> None:
    warm = Warm(tmp_path)
    process, fork = orphaned(warm)
    assert is_alive(fork)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert warm.run("tell")[0] == COLD


def test_a_killed_fork_of_a_killed_zygote_is_an_error(tmp_path: Path) -> None:
    process, fork = orphaned(Warm(tmp_path))
    os.kill(fork, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err == "error: the process of this command was ended\n"
