"""A zygote without its imports, whose forks run small commands: the real one takes seconds to start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from support.processes import Process
from tuner.warm import fork, hand_over, preload, start
from tuner.warm.client import run_warm

COLD = 77
"""The exit status of a client that starts as usual."""
HASTY_S = 0.5
TESTS = Path(__file__).parents[1]


class Warm:
    """A user's folder of sockets, a zygote in it, and clients."""

    def __init__(self, folder: Path) -> None:
        self.runtime = folder / "run"
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        names = ("HOME", "LANG", "PATH")
        self.environment = {name: os.environ[name] for name in names if name in os.environ}
        self.environment |= {"XDG_RUNTIME_DIR": str(self.runtime), "PYTHONPATH": str(TESTS)}
        self.folder = folder

    def up(self, idle_s: float = 60.0) -> dict[str, Any]:
        """Starts a zygote. Returns what it says of itself."""
        done = subprocess.run(_command("up", str(idle_s)), **self._options(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def command(self, *words: str, hasty: bool = False) -> list[str]:
        """A command that asks for a fork."""
        return _command("hasty" if hasty else "client", *words)

    def client(self, *words: str, before: Sequence[str] = (), hasty: bool = False, **options: Any) -> Process:
        """Starts it, by another command that is given `before` it."""
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [*before, *self.command(*words, hasty=hasty)], **{**self._options(), **given, **options}
        )

    def run(self, *words: str, **options: Any) -> tuple[int, str, str]:
        """The same to its end: exit status, stdout and stderr."""
        process = self.client(*words, **options)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def down(self) -> list[dict[str, Any]]:
        """Ends the zygotes of the folder."""
        done = subprocess.run(_command("down"), **self._options(), capture_output=True, check=True)
        ended: list[dict[str, Any]] = json.loads(done.stdout)
        return ended

    def sockets(self) -> list[Path]:
        return sorted(self.runtime.glob("tuner/*"))

    def _options(self) -> dict[str, Any]:
        return {"env": self.environment, "cwd": self.folder, "text": True}


def _command(*words: str) -> list[str]:
    return [sys.executable, "-P", "-c", "from support.warm_zygote import main; main()", *words]


def main() -> None:
    """`up IDLE_S`, `down`, or `client WORDS`; `hasty WORDS` is one that soon stops waiting."""
    what, *words = sys.argv[1:]
    if what == "up":
        preload.preload = lambda: None
        fork.ENTRIES["command"] = f"{__name__}:small_command"
        print(json.dumps(vars(start.start(float(words[0]), lambda: None))))
    elif what == "down":
        print(json.dumps([vars(each) for each in start.end_all()]))
    else:
        hand_over.HELLO_S = HASTY_S if what == "hasty" else hand_over.HELLO_S
        sys.argv = ["tuner", *words]
        code = run_warm()
        os._exit(COLD if code is None else code)


def small_command() -> None:
    """What a fork does, by the words of the client."""
    what, *words = sys.argv[1:]
    if what == "tell":
        _tell()
    elif what == "exit":
        sys.exit(int(words[0]))
    elif what == "die":
        os.kill(os.getpid(), int(words[0]))
    elif what == "raise":
        raise ValueError("why")
    elif what == "wait":
        _wait()


def _tell() -> None:
    mask = os.umask(0)
    os.umask(mask)
    ignored = [each.name for each in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_IGN]
    told = {
        "words": sys.argv[1:],
        "folder": str(Path.cwd()),
        "umask": mask,
        "environment": dict(os.environ),
        "input": sys.stdin.read(),
        "ignored": ignored,
        "files": sorted(each.name for each in Path("/proc/self/fd").iterdir()),
        "session": os.getsid(0) == os.getpid(),
        "terminal": [stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)],
    }
    print(json.dumps(told))


def _wait() -> NoReturn:
    """Says its process id, and then the name of each signal; SIGTERM ends it."""

    def say(number: int, _: object) -> None:
        os.write(1, f"{signal.Signals(number).name}\n".encode())  # print cannot be interrupted by itself
        if number == signal.SIGTERM:
            sys.exit(143)

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH, signal.SIGUSR1):
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, say)
    os.write(1, f"{os.getpid()}\n".encode())
    while True:
        time.sleep(0.05)
