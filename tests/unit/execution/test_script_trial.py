"""Trials that a program trains: what it tells, how it is ended, and what comes of its faults."""

from __future__ import annotations

import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from support.processes import wait_until

from tuner.core.objective import Goal
from tuner.core.script_files import read_script_files
from tuner.core.trial_report import TrialReport
from tuner.execution.script_trial import ScriptJob, saved_epoch_of

PYTHON = sys.executable


def run(source: str, folder: Path, stop_after: int = 0, **changes: Any) -> list[TrialReport]:
    """Runs a Python program as trial 2 with lr=0.5; its reports."""
    folder.mkdir(exist_ok=True)
    (folder / "prog.py").write_text(source)
    values: dict[str, Any] = {
        "sweep": "s",
        "command": f"{PYTHON} prog.py {{lr}}",
        "place": folder,
        "files": None,
        "epochs": 3,
        "seed": 7,
        "threads": 1,
        "gpus": 0.0,
        "folder": folder / "trials",
        "goal": Goal.parse("loss:min", own=True),
    }
    reports: list[TrialReport] = []

    def hear(report: TrialReport) -> None:
        reports.append(report)
        if report.epoch and report.epoch == stop_after:
            raise SystemExit

    job = ScriptJob(**{**values, **changes})
    job.run(2, {"lr": 0.5}, torch.device("cpu"), hear)
    return reports


REPORTS = """
import json, os, sys
print("begins", sys.argv[1])
for epoch in range(int(os.environ["TUNER_EPOCH"]), int(os.environ["TUNER_EPOCHS"])):
    print(json.dumps({"epoch": epoch + 1, "loss": 1 / (epoch + 1), "saved": True, "note": "x"}))
print("a warning", file=sys.stderr)
"""


def test_lines_of_json_are_reports_and_the_rest_is_kept(tmp_path: Path) -> None:
    reports = run(REPORTS, tmp_path)
    assert [(report.epoch, report.metrics["loss"]) for report in reports[:3]] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert set(reports[0].metrics) == {"epoch", "epoch_seconds", "loss"}
    assert reports[3:] == [TrialReport(ended=True)]
    assert (tmp_path / "trials" / "0002-output.txt").read_text() == "begins 0.5\na warning\n"


def test_what_a_program_said_on_standard_error_is_kept_when_the_trial_is_stopped(tmp_path: Path) -> None:
    source = "import sys, time\nprint('a warning', file=sys.stderr)\nprint('{\"loss\": 1}')\ntime.sleep(60)"
    with pytest.raises(SystemExit):
        run(source, tmp_path, stop_after=1)
    assert (tmp_path / "trials" / "0002-output.txt").read_text() == "a warning\n"


def test_epochs_are_counted_where_the_program_does_not_say_them(tmp_path: Path) -> None:
    assert [r.epoch for r in run("print('{\"loss\": 1}'); print('{\"loss\": 2}')", tmp_path)] == [1, 2, 0]


@pytest.mark.parametrize("name", ["kept", "loss[0]"])
def test_a_name_that_no_metric_can_have_fails_the_trial(name: str, tmp_path: Path) -> None:
    [failed] = run(f'print(\'{{"loss": 1, "{name}": 2}}\')', tmp_path)
    assert failed.error is not None
    assert failed.error.startswith(f"its report of epoch 1: '{name}': a metric has a name of")


@pytest.mark.parametrize("line", ['{"loss": 1' + "0" * 400 + "}", '{"loss":' * 30_000])
def test_json_that_python_cannot_read_is_no_report(line: str, tmp_path: Path) -> None:
    (tmp_path / "line.txt").write_text(line)
    reports = run("print(open('line.txt').read()); print('{\"loss\": 2}')", tmp_path)
    assert [report.metrics.get("loss") for report in reports] == [2.0, None]


def test_the_program_knows_its_trial(tmp_path: Path) -> None:
    names = ("SWEEP", "TRIAL", "SEED", "EPOCHS", "EPOCH", "PARAMS", "DEVICE")
    shown = f"import os\nfor n in {names}: print(n, os.environ['TUNER_' + n])"
    run(f"{shown}\nprint(os.path.isdir(os.environ['TUNER_FOLDER']))", tmp_path)
    assert (tmp_path / "trials" / "0002-output.txt").read_text().splitlines() == [
        "SWEEP s",
        "TRIAL 2",
        "SEED 7000023",
        "EPOCHS 3",
        "EPOCH 0",
        'PARAMS {"lr": 0.5}',
        "DEVICE cpu",
        "True",
    ]


def test_a_program_that_has_saved_goes_on_from_there(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run(REPORTS, tmp_path, stop_after=2)
    assert saved_epoch_of(tmp_path / "trials" / "0002") == 2
    assert [report.epoch for report in run(REPORTS, tmp_path)] == [3, 0]


def test_a_trial_that_is_stopped_ends_with_all_that_it_has_started(tmp_path: Path) -> None:
    source = """
import json, os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("pids", "w").write(f"{os.getpid()} {child.pid}")
print(json.dumps({"loss": 1.0}), flush=True)
time.sleep(600)
"""
    with pytest.raises(SystemExit):
        run(source, tmp_path, stop_after=1)
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        assert wait_until(partial(_gone, pid), timeout=30)


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import sys; print('no such data', file=sys.stderr); sys.exit(4)", "exit status 4: no such data"),
        ("1 / 0", "exit status 1: ZeroDivisionError: division by zero"),
        ("import os; os.kill(os.getpid(), 11)", "was ended by signal 11"),
        ("print('{\"los\": 1.0}')", 'its report of epoch 1 has no loss, by which trials are compared: {"los": 1.0}'),
        ('print(\'{"epoch": 0, "loss": 1.0}\')', "it reported epoch 0: the first one is 1"),
    ],
)
def test_a_fault_is_told_in_a_line(source: str, error: str, tmp_path: Path) -> None:
    assert error in run(source, tmp_path)[-1].error


def test_a_program_that_there_is_not_is_told(tmp_path: Path) -> None:
    [report] = run("", tmp_path, command="no-such-program {lr}")
    assert report.error == "the program ended with exit status 127: no-such-program: No such file or directory"


def test_on_a_cluster_it_is_run_beside_a_copy_of_what_the_command_names(tmp_path: Path) -> None:
    here = tmp_path / "typed"
    here.mkdir()
    (here / "helper.py").write_text("LOSS = 0.25\n")
    (here / "prog.py").write_text("import json, helper\nprint(json.dumps({'loss': helper.LOSS}))\n")
    files = read_script_files("python prog.py {lr}", here)
    shutil.rmtree(here)
    reports = run("", tmp_path / "node", place=None, files=files)
    assert [report.metrics["loss"] for report in reports if report.metrics] == [0.25]
