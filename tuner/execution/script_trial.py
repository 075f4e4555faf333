"""A trial that a program of any language trains: it tells its metrics by lines of JSON on its standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import torch

from tuner.core.errors import TunerError, printable
from tuner.core.kept_code import KeptCode
from tuner.core.metric import check_metric_name
from tuner.core.objective import Goal
from tuner.core.program import filled_in
from tuner.core.records import Value, trial_seed
from tuner.core.script_files import unpack_files
from tuner.core.sweep_folder import checkpoint_folder, output_file
from tuner.core.trial_report import Report, TrialReport
from tuner.execution import script_guard
from tuner.training.function_trial import FILES, Limited
from tuner.training.job import Arrays
from tuner.training.reproducibility import current_conditions

SAVED = "saved"  # a key of a line: whether the program can go on from what it has in TUNER_FOLDER
SAVED_FILE = "saved.json"  # in the trial's folder: the last epoch of which it said so
PROGRAM = "program"  # in the trial's folder: where it is run on a cluster
MOST_LINE = 1 << 20  # bytes of a line
END_S = script_guard.GRACE_S + 10.0


@dataclass(frozen=True, kw_only=True)
class ScriptJob:
    """See Job."""

    sweep: str
    command: str
    """With placeholders."""
    place: Path | None
    """The folder that it is run in; None on a cluster, for a folder of the trial's own with its files."""
    files: KeptCode | None
    """What the command names."""
    epochs: int
    seed: int
    threads: int
    gpus: float
    folder: Path
    """The folder of the trials' folders."""
    goal: Goal

    @property
    def workers(self) -> int:
        """See Job."""
        return 1

    def hold(self, arrays: Arrays, device: torch.device) -> torch.device:  # noqa: ARG002
        """See Job: the device."""
        return device

    def run(self, number: int, parameters: Mapping[str, Value], held: torch.device, report: Report) -> None:
        """See Job."""
        folder = checkpoint_folder(self.folder, number)
        (folder / FILES).mkdir(parents=True, exist_ok=True)
        seed = trial_seed(self.seed, number)
        conditions = current_conditions(held, threads=self.threads, workers=1)
        told = TrialReport(seed=seed, conditions=conditions.to_json())
        begun = saved_epoch_of(folder)
        words = filled_in(self.command, parameters)
        variables = self._variables(number, parameters, seed, folder, begun, held)
        errors = folder / "stderr.txt"
        try:
            with errors.open("w") as stderr, _running(words, self._place(folder), variables, stderr) as process:
                assert process.stdout is not None
                lines = Lines(process.stdout, output_file(self.folder, number), begun, self.goal)
                for metrics, saved in lines:
                    if saved:
                        note_saved(folder, int(metrics["epoch"]))
                    report(replace(told, metrics=metrics))
                status = process.wait()
        finally:
            _append(output_file(self.folder, number), errors)
        failure = lines.problem or (_why(status, errors) if status else "")
        report(TrialReport(error=failure) if failure else TrialReport(ended=True))

    def _place(self, folder: Path) -> Path:
        """The folder that the program of the trial with this folder is run in."""
        if self.place is not None:
            return self.place
        place = folder / PROGRAM
        place.mkdir(exist_ok=True)
        if self.files is not None:
            unpack_files(self.files, place)
        return place

    def _variables(
        self, number: int, parameters: Mapping[str, Value], seed: int, folder: Path, begun: int, device: torch.device
    ) -> dict[str, str]:
        """The environment of the program."""
        own = {
            "TUNER_SWEEP": self.sweep,
            "TUNER_TRIAL": str(number),
            "TUNER_SEED": str(seed),
            "TUNER_EPOCHS": str(self.epochs),
            "TUNER_EPOCH": str(begun),
            "TUNER_FOLDER": str((folder / FILES).absolute()),
            "TUNER_PARAMS": json.dumps(dict(parameters)),
            "TUNER_DEVICE": device.type,
        }
        threads = {name: str(self.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        left_out = ("PYTHONSAFEPATH", "OMP_WAIT_POLICY")  # ours: a program may import what lies beside it
        kept = {name: value for name, value in os.environ.items() if name not in left_out and name[:4] != "RAY_"}
        return {"PYTHONUNBUFFERED": "1", **kept, **threads, **own}


class Lines:
    """What a program prints: its reports, and all else, which goes to a file."""

    def __init__(self, stdout: IO[bytes], file: Path, epoch: int, goal: Goal) -> None:
        """`epoch` is the last one that is done."""
        self._stdout = stdout
        self._file = file
        self._epoch = epoch
        self._goal = goal
        self.problem = ""
        """What was wrong with a report; then no more lines are read."""

    def __iter__(self) -> Iterator[tuple[dict[str, float], bool]]:
        """The metrics of each report, and whether the program can go on from there."""
        began = time.monotonic()
        with self._file.open("a", encoding="utf-8", errors="replace", buffering=1) as opened:
            printed = Limited(opened)
            while line := self._stdout.readline(MOST_LINE):
                text = line.decode(errors="replace")
                found = read_report(text)
                if found is None:
                    printed.write(text)
                    continue
                metrics, saved, epoch = found
                self._epoch = self._epoch + 1 if epoch is None else epoch
                self.problem = _wrong(metrics, self._epoch, self._goal)
                if self.problem:
                    return
                now = time.monotonic()
                yield {"epoch": float(self._epoch), "epoch_seconds": now - began, **metrics}, saved
                began = now


def read_report(line: str) -> tuple[dict[str, float], bool, int | None] | None:
    """The metrics of a line, whether its epoch is saved, and its epoch if it says one; None for any other line.

    >>> read_report('{"epoch": 2, "val_loss": 0.5, "saved": true}')
    ({'val_loss': 0.5}, True, 2)
    >>> read_report("epoch 2: 0.5") is None
    True
    """
    if not line.lstrip().startswith("{"):
        return None
    try:
        raw: Any = json.loads(line)
        if not isinstance(raw, dict):
            return None
        epoch, saved = raw.pop("epoch", None), raw.pop(SAVED, False) is True
        metrics = {name: float(value) for name, value in raw.items() if type(value) in (int, float) and name != "time"}
    except (ValueError, OverflowError, RecursionError):  # no JSON, a number with too many digits, or nested too deeply
        return None
    return (metrics, saved, epoch if type(epoch) is int else None) if metrics else None


def note_saved(folder: Path, epoch: int) -> None:
    """Notes that the program can go on from an epoch."""
    new = folder / f"{SAVED_FILE}.new"
    new.write_text(json.dumps({"epoch": epoch}))
    new.replace(folder / SAVED_FILE)


def saved_epoch_of(folder: Path) -> int:
    """The last epoch that a program can go on from; 0 when there is none."""
    try:
        return int(json.loads((folder / SAVED_FILE).read_text())["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _wrong(metrics: Mapping[str, float], epoch: int, goal: Goal) -> str:
    try:
        for name in metrics:
            check_metric_name(name, f"its report of epoch {epoch}:")
    except TunerError as error:
        return str(error)
    missing = [metric.name for metric in goal.metrics if metric.name not in metrics]
    if missing:
        return f"its report of epoch {epoch} has no {missing[0]}, by which trials are compared: {json.dumps(metrics)}"
    return "" if epoch >= 1 else f"it reported epoch {epoch}: the first one is 1"


@contextmanager
def _running(
    words: list[str], place: Path, variables: Mapping[str, str], stderr: IO[str]
) -> Iterator[subprocess.Popen[bytes]]:
    """The program as long as the block lasts; then it is ended, with its process group."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", script_guard.__file__, *words],
        cwd=place,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.stdin.close()  # the guard ends the program
        process.stdout.close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _why(status: int, errors: Path) -> str:
    """The exit status, and the last line on standard error."""
    lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    said = f": {printable(lines[-1])}" if lines else ""
    signalled = status - 128
    how = f"was ended by signal {signalled}" if 0 < signalled < 65 else f"ended with exit status {status}"
    return f"the program {how}{said}"


def _append(output: Path, errors: Path) -> None:
    """Puts what came on standard error behind the rest of the output."""
    with output.open("a", encoding="utf-8", errors="replace") as opened:
        Limited(opened).write(errors.read_text(encoding="utf-8", errors="replace"))
