"""The zygote that a command has for itself: which commands have one, and that it ends with them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import Process, wait_until

TESTS = Path(__file__).parents[2]
PROGRAM = """
import json, os, sys, time
from tuner.warm import fork, own, place, preload
from tuner.warm.hand_over import hand_over
from tuner.warm.mark import is_fork, zygote

def work():
    file = sys.argv[-1]
    with open(int(file), "w") as told:
        json.dump({"parent": os.getppid(), "fork": is_fork(), "words": sys.argv[:-1], "zygote": zygote()}, told)

place._GPUS = ()
preload.preload_for_workers = lambda: time.sleep(0.3)
fork.ENTRIES["worker"] = "__main__:work"
own.begin_own()
mark = zygote()
print(json.dumps({"mark": mark, "fork": is_fork()}), flush=True)
if sys.stdin.readline():
    reading, writing = os.pipe()
    pid = hand_over("worker", mark, ["first", "second"], more=[writing])
    os.close(writing)
    print(json.dumps({"pid": pid, "told": open(reading).read()}), flush=True)
    sys.stdin.readline()
"""
SWEEP = ("sweep", "digits", "cnn")


def begun(*words: str, **more: str) -> Process:
    """A program that begins one as the command with these words would, and asks it for a fork when it gets a line."""
    names = ("HOME", "LANG", "PATH")
    environment = {name: os.environ[name] for name in names if name in os.environ} | more
    return subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM, *words],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def next_line(process: Process) -> dict[str, object]:
    assert process.stdout
    told: dict[str, object] = json.loads(process.stdout.readline())
    return told


def ask(process: Process) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(("words", "environment", "expected"), [
    (SWEEP, {}, True),
    (("resume", "x"), {}, True),
    ((), {}, False),
    (("status", "x"), {}, False),
    (("up",), {}, False),
    (("train", "digits", "cnn"), {}, False),
    ((*SWEEP, "--help"), {}, False),
    ((*SWEEP, "--detach"), {}, False),
    ((*SWEEP, "--dry-run"), {}, False),
    ((*SWEEP, "--slurm"), {}, False),
    ((*SWEEP, "--address=http://127.0.0.1:1"), {}, False),
    (SWEEP, {"TUNER_ADDRESS": "http://127.0.0.1:1"}, False),
    (SWEEP, {"TUNER_WARM": "0"}, False),
])  # fmt: skip
def test_commands_that_start_workers_here_have_one(
    words: tuple[str, ...], environment: dict[str, str], expected: bool
) -> None:
    process = begun(*words, **environment)
    try:
        told = next_line(process)
        assert bool(told["mark"]) is expected
        assert not told["fork"]
        assert len(children(process.pid)) == expected
    finally:
        process.communicate()


def test_it_forks_what_is_asked_for_even_when_it_still_imports() -> None:
    process = begun(*SWEEP)
    try:
        mark = next_line(process)["mark"]
        [zygote] = children(process.pid)
        ask(process)
        answer = next_line(process)
        told = json.loads(str(answer["told"]))
        assert told == {"parent": zygote, "fork": True, "words": ["first", "second"], "zygote": mark}
    finally:
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_command_however_that_ends(number: signal.Signals) -> None:
    process = begun(*SWEEP)
    try:
        next_line(process)
        [zygote] = children(process.pid)
        process.send_signal(number)
        process.wait()
        assert wait_until(lambda: ended(zygote), timeout=60, poll=0.02)
    finally:
        process.communicate()


def test_without_it_nothing_is_forked() -> None:
    """Whoever asks does the work by itself then."""
    process = begun(*SWEEP)
    try:
        next_line(process)
        [zygote] = children(process.pid)
        os.kill(zygote, signal.SIGKILL)
        assert wait_until(lambda: ended(zygote), timeout=60, poll=0.02)
        ask(process)
        assert next_line(process) == {"pid": None, "told": ""}
    finally:
        process.communicate()


def test_another_user_gets_no_fork() -> None:
    """The kernel says whose process is at the other end: names of sockets can be read by all."""
    if os.geteuid():
        pytest.skip("needs root, to become another user")
    process = begun(*SWEEP)
    try:
        mark = next_line(process)["mark"]
        code = (
            "import os, socket, sys; from tuner.warm import place, wire\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "other = socket.socket(socket.AF_UNIX); other.settimeout(30)\n"
            "other.connect(place.own_address(sys.argv[1]))\n"
            "wire.send(other, {'kind': 'worker', 'mark': sys.argv[1]})\n"
            "print(other.recv(1))"
        )
        done = subprocess.run([sys.executable, "-c", code, str(mark)], capture_output=True, text=True, check=False)
        assert done.returncode == 0 or "Reset" in done.stderr, done.stderr
        assert done.stdout == "b''\n" or "Reset" in done.stderr, done.stderr
        [zygote] = children(process.pid)
        assert not children(zygote)
    finally:
        process.communicate()
