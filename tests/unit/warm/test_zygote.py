"""When a zygote is used, when it is not, and when it ends; who may reach it."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import wait_until
from support.warm_zygote import COLD, Warm

from tuner.core.package import copy_package
from tuner.warm import place, wire


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[Warm]:
    made = Warm(tmp_path)
    yield made
    made.down()


def runs_warm(warm: Warm) -> bool:
    code, _, err = warm.run("exit", "0")
    assert code in (0, COLD), err
    return code == 0


def test_commands_are_cold_before_and_after_it_is_up(warm: Warm) -> None:
    assert not runs_warm(warm)
    first = warm.up()
    assert runs_warm(warm)
    assert warm.up()["pid"] == first["pid"]  # one is enough
    assert [each["pid"] for each in warm.down()] == [first["pid"]]
    assert not warm.sockets()
    assert not runs_warm(warm)


@pytest.mark.parametrize(("name", "value", "is_warm"), [
    ("OMP_NUM_THREADS", "1", False),
    ("MLFLOW_TRACKING_URI", "http://127.0.0.1:1", False),
    ("CUDA_VISIBLE_DEVICES", "", False),
    ("TUNER_WARM", "0", False),
    ("TUNER_ADDRESS", "http://127.0.0.1:1", False),
    ("TUNER_HOME", "/elsewhere", True),
    ("COLUMNS", "80", True),
])  # fmt: skip
def test_another_environment_is_another_zygotes(name: str, value: str, is_warm: bool, warm: Warm) -> None:
    warm.up()
    warm.environment[name] = value
    assert runs_warm(warm) is is_warm


def test_other_limits_are_another_zygotes(warm: Warm) -> None:
    warm.up()
    code, _, _ = warm.run("exit", "0", before=("prlimit", "--core=0:0", "--nofile=1000", "--"))
    assert code == COLD
    assert warm.run("exit", "0", before=("nice", "-n", "1"))[0] == COLD


def test_commands_for_clusters_are_cold(warm: Warm) -> None:
    warm.up()
    assert warm.run("exit", "0", "--address", "http://127.0.0.1:1")[0] == COLD
    assert warm.run("exit", "0", "--address=local")[0] == COLD


def test_a_closed_stream_is_cold(warm: Warm) -> None:
    warm.up()
    assert warm.run("exit", "0", preexec_fn=lambda: os.close(0))[0] == COLD


def test_an_upgrade_under_it_makes_commands_cold_and_leaves_it_to_end_when_idle(warm: Warm, tmp_path: Path) -> None:
    copy_package(tmp_path / "copy")
    warm.environment["PYTHONPATH"] = f"{tmp_path / 'copy'}:{warm.environment['PYTHONPATH']}"
    old = warm.up(idle_s=3)["pid"]
    assert runs_warm(warm)
    module = tmp_path / "copy" / "tuner" / "core" / "units.py"
    times = module.stat()
    module.write_bytes(module.read_bytes())
    os.utime(module, ns=(times.st_atime_ns, times.st_mtime_ns))  # as some tools that install do
    assert not runs_warm(warm)
    new = warm.up()["pid"]
    assert new != old
    assert runs_warm(warm)
    assert wait_until(lambda: len(warm.sockets()) == 1, timeout=60, poll=0.1)


def test_it_ends_when_it_is_idle_and_is_not_while_a_command_runs(warm: Warm) -> None:
    warm.up()
    process = warm.client("wait")
    assert process.stdout
    process.stdout.readline()
    time.sleep(0.1)
    assert warm.up()["idle_s"] == 60
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert wait_until(lambda: warm.up()["idle_s"] < 60, timeout=60)
    warm.down()
    warm.up(idle_s=0.1)
    wait_for_no_socket(warm, 60)


def wait_for_no_socket(warm: Warm, seconds: float) -> None:
    if not wait_until(lambda: not warm.sockets(), timeout=seconds, poll=0.05):
        raise TimeoutError


def test_down_lets_a_running_command_end_by_itself(warm: Warm) -> None:
    warm.up()
    process = warm.client("wait")
    assert process.stdout
    process.stdout.readline()
    [ended] = warm.down()
    assert ended["running"] == 1
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "SIGINT\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143


def test_sigterm_ends_it_and_removes_its_socket(warm: Warm) -> None:
    os.kill(warm.up()["pid"], signal.SIGTERM)
    wait_for_no_socket(warm, 60)


def test_the_socket_of_a_killed_one_is_replaced(warm: Warm) -> None:
    first = warm.up()["pid"]
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: not runs_warm(warm), timeout=60)
    assert warm.sockets()
    assert warm.up()["pid"] != first
    assert runs_warm(warm)


def test_a_suspended_one_keeps_nobody_waiting_for_ever(warm: Warm) -> None:
    zygote = warm.up()["pid"]
    os.kill(zygote, signal.SIGSTOP)
    assert warm.run("exit", "0", hasty=True) == (COLD, "", "")
    os.kill(zygote, signal.SIGCONT)  # what it reads now comes from a client that has gone
    assert wait_until(lambda: runs_warm(warm), timeout=60)


def test_only_this_user_may_enter(warm: Warm) -> None:
    os.umask(0)
    warm.up()
    [socket_] = warm.sockets()
    assert socket_.stat().st_mode & 0o777 == 0o600
    assert socket_.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("what", ["folder", "socket", "link"])
def test_what_others_could_have_made_is_not_trusted(what: str, warm: Warm) -> None:
    warm.up()
    assert runs_warm(warm)
    [socket_] = warm.sockets()
    folder = socket_.parent
    if what == "folder":
        folder.chmod(0o750)
    elif what == "socket":
        socket_.chmod(0o660)
    else:
        folder.rename(folder.with_name("other"))
        folder.symlink_to("other")
    assert not runs_warm(warm)
    if what == "folder":
        folder.chmod(0o700)
    elif what == "socket":
        socket_.chmod(0o600)
    else:
        folder.unlink()
        folder.with_name("other").rename(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_another_users_folder_is_refused_in_one_line(warm: Warm) -> None:
    folder = warm.runtime / "tuner"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    assert not runs_warm(warm)
    with pytest.raises(place.UnsafeFolderError, match="is another user's"), place.open_folder(str(folder)):
        pass
    with pytest.raises(AssertionError, match="set XDG_RUNTIME_DIR to a folder of your own"):
        warm.up()


def test_a_wrong_mark_and_nonsense_are_ignored(warm: Warm) -> None:
    warm.up()
    [path] = warm.sockets()

    def answer(data: bytes) -> bytes:
        with place.open_folder(str(path.parent)) as folder, socket.socket(socket.AF_UNIX) as connection:
            connection.connect(place.address(folder, path.name))
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            try:
                return connection.recv(100)
            except ConnectionResetError:  # it has not even been read to its end
                return b""

    wrong = json.dumps({"kind": "command", "mark": "0" * 32}).encode()
    for data in (b"", b"GET / HTTP/1.1\r\n\r\n", len(wrong).to_bytes(4, "little") + wrong, b"\xff" * 8, b"\3\0\0\0[1]"):
        assert answer(data) == b""
    assert runs_warm(warm)


def test_messages_carry_what_is_no_unicode_and_files() -> None:
    here, there = socket.socketpair()
    message = {"a": "\udce9", "long": "x" * 300_000}
    with here, there, Path(os.devnull).open() as file:
        if os.fork() == 0:
            wire.send(there, message, [file.fileno()])
            os._exit(0)
        received, files = wire.receive(here, 1)
        assert received == message
        assert os.fstat(files[0]).st_rdev == os.fstat(file.fileno()).st_rdev
        os.close(files[0])
        there.close()
        os.wait()
        with pytest.raises(EOFError):
            wire.receive(here)
