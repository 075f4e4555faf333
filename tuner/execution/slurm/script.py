"""The file that `sbatch` takes: what it says, and how it is submitted."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuner.core.errors import TunerError, one_line
from tuner.core.files import make_folder
from tuner.core.slurm_files import log_file, script_file

DIRECTIVES = (
    "--open-mode=append",  # a job that begins again goes on with its log
    "--requeue",
    "--no-kill",
    "--signal=B:USR1@120",
)
"""Of every job: a lost node does not end it, and it is told before its time is over. See `cli.slurm_job`."""
PROGRAM = "tuner.cli.slurm_job"
_OURS = ("--job-name", "-J", "--output", "-o", "--error", "-e", "--open-mode", "--chdir", "-D", "--no-requeue")
_OTHER_WAY = ("--array", "-a", "--wrap", "--test-only", "--wait", "-W", "--parsable", "--quiet", "-Q", "--export")


@dataclass(frozen=True, kw_only=True)
class Script:
    """A sweep's file, and its log, in the home folder of sweeps."""

    home: Path
    name: str

    @property
    def path(self) -> Path:
        """What `sbatch` takes."""
        return script_file(self.home, self.name)

    @property
    def log(self) -> Path:
        """What the job prints."""
        return log_file(self.home, self.name)

    def write(
        self,
        words: Sequence[str],
        *,
        options: Sequence[str],
        python: str,
        folder: Path,
        variables: Mapping[str, str],
    ) -> bool:
        """Makes the file. Returns False when there is one of this name already.

        Args:
            words: the command after `tuner`.
            options: those of `sbatch`, see `read_options`.
            python: the interpreter on the nodes.
            folder: where the command was typed: paths in it are relative to that.
            variables: what the command needs in its environment.
        """
        ours = [each for each in DIRECTIVES if not any(_name(each) == _name(option) for option in options)]
        given = [f"--job-name={self.name}", f"--output={self.log}", f"--chdir={folder}", *ours]
        lines = ["#!/bin/bash", f"# `sbatch` of this file begins the sweep {self.name}, or goes on with it."]
        lines += [f"#SBATCH {shlex.quote(each)}" for each in given]
        lines += [f"#SBATCH {each}" for each in options]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
        lines += [f"exec {shlex.join([python, '-P', '-m', PROGRAM, *words])}"]
        make_folder(self.path.parent)
        try:
            with self.path.open("x", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
        except FileExistsError:
            return False
        return True

    def submit(self) -> str:
        """Hands it to Slurm. Returns the job's id. Raises TunerError with Slurm's reason for a refusal."""
        done = subprocess.run(["sbatch", "--parsable", str(self.path)], capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["it says no more"])[-1]
            raise TunerError(f"--slurm: {reason}")
        return done.stdout.strip().partition(";")[0]  # the name of the cluster may follow


def check_here() -> None:
    """Raises TunerError where there is no Slurm."""
    if shutil.which("sbatch") is None:
        raise TunerError("--slurm: there is no sbatch here: type this on a login node of a Slurm cluster")


def read_options(text: str) -> list[str]:
    """The options of `sbatch` in a text, one a line of the file, each quoted as in a shell.

    >>> read_options("--gpus=4 --time 8:00:00 -p long")
    ['--gpus=4', '--time 8:00:00', '-p long']

    Raises:
        TunerError: it is no list of options, or one of them is tuner's own or asks for another kind of job.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise TunerError(f"--slurm {text!r}: {one_line(error).lower()}") from None
    lines: list[str] = []
    for word in words:
        if not word.isprintable():
            raise TunerError(f"--slurm: {word!r} has a control character")
        if word.startswith("-"):
            _check(_name(word), word)
            lines.append(shlex.quote(word))
        elif not lines or " " in lines[-1] or "=" in lines[-1]:
            raise TunerError(f"--slurm: {word!r} is no option: give those of sbatch, such as '--gpus=4 --time=8:00:00'")
        else:
            lines[-1] += f" {shlex.quote(word)}"
    return lines


def _name(option: str) -> str:
    return option.partition("=")[0]


def _check(name: str, word: str) -> None:
    if name in _OURS:
        raise TunerError(f"--slurm: {name} is set by tuner: leave it out")
    if name in _OTHER_WAY:
        raise TunerError(f"--slurm: {name} does not go with a sweep's job: leave it out")
    if name == "--signal" and not word.startswith("--signal=B:USR1"):
        raise TunerError(f"--slurm: {word}: write --signal=B:USR1@SECONDS, the signal on which a sweep is saved")
