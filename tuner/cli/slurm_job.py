"""What runs in a job of Slurm: `python -m tuner.cli.slurm_job sweep DATASET MODEL --name NAME ...`.

It takes the place of the job's shell, which Slurm sends SIGUSR1 to before the time is over. Then the sweep is saved,
and the job is put back into the queue: when it begins again, the sweep goes on. SIGTERM, by `scancel`, only saves it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from tuner.core.errors import TunerError, printable
from tuner.core.files import make_folder, tuner_home
from tuner.core.sweep_folder import SweepFolder
from tuner.execution.slurm.allocation import Allocation, ray_over
from tuner.execution.slurm.script import Script

SWEEP = "sweep"
REQUEUE_S = 60.0  # Slurm ends a job that it has put back into the queue


class Signals:
    """Passes the signals that end a job on to the sweep, as SIGTERM."""

    def __init__(self) -> None:
        self.stopped = False
        self.time_is_over = False
        """Whether the reason is the time limit."""
        self.driver: subprocess.Popen[bytes] | None = None
        for each in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.time_is_over = self.time_is_over or number == signal.SIGUSR1
        if not self.stopped and self.driver is not None:
            self.driver.terminate()
        self.stopped = True


def run(words: Sequence[str]) -> int:
    """Begins the sweep of these words, or goes on with it. Returns the exit status."""
    name = sweep_name(words)
    allocation, signals = Allocation.here(), Signals()
    folder = SweepFolder(make_folder(tuner_home()) / name)
    if folder.config.exists():
        words = ["resume", name]
    before, code = _epochs(folder), 128 + signal.SIGTERM
    with ray_over(allocation, lambda: signals.stopped) as cluster:
        if not signals.stopped:
            names = ", ".join(allocation.nodes)
            _say(f"job {allocation.job}: {cluster.nodes} of {len(allocation.nodes)} nodes are ready: {names}")
            with subprocess.Popen([sys.executable, "-P", "-m", "tuner", *words], env=cluster.environment) as driver:
                signals.driver = driver
                if signals.stopped:
                    driver.terminate()
                code = driver.wait()
    if not folder.result.exists() and (signals.stopped or code):
        _go_on(Script(home=folder.home, name=name), allocation.job, signals, progress=_epochs(folder) > before)
    return code


def sweep_name(words: Sequence[str]) -> str:
    """The sweep's. Raises TunerError when it has none."""
    pairs = zip(words, [*words[1:], ""], strict=True)
    named = [after if word == "--name" else word.partition("=")[2] for word, after in pairs if _names(word)]
    if words[0:1] != [SWEEP] or not named or not named[-1]:
        raise TunerError("give the command after tuner, with a name: sweep DATASET MODEL --name NAME")
    return named[-1]


def _names(word: str) -> bool:
    return word == "--name" or word.startswith("--name=")


def _epochs(folder: SweepFolder) -> int:
    """How many its trials have trained, those included that confirm or refit the winner."""
    from tuner.search.study_reader import read_records  # noqa: PLC0415 - takes a second

    journals = [each.journal for each in (folder, folder.confirmation, folder.refit) if each.journal.exists()]
    return sum(len(record.values) for journal in journals for record in read_records(journal))


def _go_on(script: Script, job: str, signals: Signals, *, progress: bool) -> None:
    """Puts the job back into the queue when its time was over, else says how to go on."""
    by_hand = f"to go on: sbatch {script.path}" if script.path.exists() else "to go on: submit the same job again"
    if not signals.time_is_over:
        _say(f"{script.name} is not finished; {by_hand}")
        return
    if not progress:
        _say(
            f"{script.name} has finished no epoch in the time of this job, so it is not put back into the queue: give "
            f"it more --time; {by_hand}"
        )
        return
    _say(f"the time of job {job} is nearly over: {script.name} is saved and goes on when Slurm begins the job again")
    sys.stderr.flush()
    done = subprocess.run(["scontrol", "requeue", job], capture_output=True, text=True, check=False)
    if done.returncode:
        _say(f"Slurm does not put it back into the queue ({printable(done.stderr)}); {by_hand}")
        return
    time.sleep(REQUEUE_S)


def _say(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")


def main() -> None:
    """Runs the command of the command line."""
    os.environ.pop("TUNER_ADDRESS", None)
    try:
        code = run(sys.argv[1:])
    except TunerError as error:
        _say(f"error: {printable(str(error))}")
        code = 2
    sys.exit(code)


if __name__ == "__main__":
    main()
