"""What each command prints with --json, on real sweeps, is what its documented schema says."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.common import Command, Finished, Typed
from support.json_check import check_json, faults
from support.json_page import PAGE, page
from support.sample_files import write_digits
from support.small_trainings import PAIR, write_table
from support.two_models import FIRST, SECOND

from tuner.cli.app import app
from tuner.core.errors import TunerError
from tuner.core.sweep_folder import SweepFolder
from tuner.serving.schemas.commands import FORMS, schema_of

NAME = "digits-cnn-1"
ELSEWHERE = {
    "sweep DATASET MODEL --slurm OPTIONS": "tests/unit/cli/test_slurm.py",
    **dict.fromkeys(
        ("sweep DATASET MODEL --address URL", "resume NAME --address URL"), "tests/integration/test_jobs.py"
    ),
    "confirm NAME --address URL": "as that of resume: one function prints both",
    **dict.fromkeys(("status NAME --watch", "status --watch"), "test_what_runs_in_the_background"),
    **dict.fromkeys(
        [
            f"{words} --detach"
            for words in ("sweep DATASET MODEL", "train DATASET MODEL", "resume NAME", "confirm NAME")
        ],
        "test_what_runs_in_the_background",
    ),
    "sweep DATASET MODEL": "test_the_outcome_of_a_sweep",
    "ensemble NAME": "tests/integration/test_ensemble.py",
    **dict.fromkeys(("train DATASET MODEL", "confirm NAME", "resume NAME"), "test_the_outcomes_of_trainings"),
}
"""Where the forms are checked that are in none of the two tables here."""
LOOKING = {
    "list": ["list"],
    "list --sweeps": ["list", "--sweeps"],
    "status NAME": ["status", NAME],
    "status": ["status"],
    "logs NAME": ["logs", NAME],
    "best NAME": ["best", NAME],
    "predict MODEL FILE": ["predict", "digits-cnn", "digit-0.png"],
    "show DATASET": ["show", "digits"],
    "show DATASET MODEL": ["show", "digits", "cnn"],
    "compare": ["compare"],
    "du": ["du"],
    "doctor": ["doctor"],
    "export MODEL": ["export", "digits-cnn", "--to", "torch"],
    "sweep DATASET MODEL --dry-run": ["sweep", "digits", "cnn", "--trials", "8", "--dry-run"],
}
CHANGING = {
    "compare PAIR": ["compare", PAIR],
    "report NAME": ["report", FIRST],
    "promote MODEL/VERSION": ["promote", f"{PAIR}/1"],
    "sync": ["sync"],
    "rename NAME NEW": ["rename", FIRST, "other"],
    "rm NAME --yes": ["rm", SECOND, "--yes"],
}


def commands_with_json() -> set[str]:
    """The names of all commands that have the option, as they are typed."""
    found = set()
    for command in app.registered_commands:
        assert command.callback
        if "as_json" in command.callback.__annotations__:
            found.add(command.name or command.callback.__name__)
    return found


def test_every_command_with_json_has_a_schema_and_every_form_is_checked() -> None:
    assert commands_with_json() == set(FORMS)
    assert {form.words for forms in FORMS.values() for form in forms} == {*ELSEWHERE, *LOOKING, *CHANGING}


def test_the_page_is_made_from_the_types() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make json-page writes it"


@pytest.mark.parametrize("command", FORMS)
def test_a_schema_is_printed(command: str, typed: Typed) -> None:
    code, out, err = typed("schema", command)
    assert (code, err) == (0, "")
    assert json.loads(out) == schema_of(command)


def test_a_key_that_no_schema_has_and_one_that_is_missing_are_faults() -> None:
    """Otherwise the tests here could not fail."""
    [finding] = FORMS["doctor"]
    good = {"name": "a", "text": "b", "mend": "", "good": True}
    assert not faults(finding.schema(), [good])
    assert faults(finding.schema(), [{**good, "more": 1}])
    assert faults(finding.schema(), [{"name": "a"}])
    with pytest.raises(TunerError, match="unknown command with --json 'statsu': did you mean status"):
        schema_of("statsu")


@pytest.mark.parametrize("form", LOOKING)
def test_what_looks_at_a_sweep(
    form: str, finished: Finished, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNER_HOME", str(finished.home))
    write_digits(tmp_path, 1)
    _, out, err = typed(*LOOKING[form], "--json")
    assert check_json(form, out), err


@pytest.mark.parametrize("form", CHANGING)
def test_what_changes_a_sweep(form: str, home: Path, trained: Path, typed: Typed) -> None:
    shutil.copytree(trained, home)
    _, out, err = typed(*CHANGING[form], "--json")
    assert check_json(form, out), err


def test_the_outcome_of_a_sweep(finished: Finished) -> None:
    check_json("sweep DATASET MODEL", finished.result)
    assert finished.result["baselines"]


@pytest.mark.proof
def test_the_outcomes_of_trainings(home: Path, database: Path, tmp_path: Path, typed: Typed) -> None:
    home.mkdir()
    shutil.copyfile(database, home / "mlflow.db")
    write_table(tmp_path, 200)
    small = ("--epochs", "2", "--set", "hidden_size=8", "--cpus", "1", "--name", "x", "--json")
    results: dict[str, Any] = {}
    for form, words in {
        "train DATASET MODEL": ("train", "csv:t.csv", "lstm", "--target", "y", *small),
        "resume NAME": ("resume", "x", "--json"),
        "confirm NAME": ("confirm", "x", "--seeds", "2", "--json"),
    }.items():
        if form == "resume NAME":
            SweepFolder(home / "x").result.unlink()  # as after a kill just before it
        code, out, err = typed(*words)
        os.environ.pop("MLFLOW_TRACKING_URI", None)  # MLflow itself sets it in this process
        assert code == 0, err
        results[form] = check_json(form, out)
    assert results["confirm NAME"]["confirm"]["seeds"] == [1, 2]
    assert results["resume NAME"]["trials"] == {"done": 1}


@pytest.mark.proof
def test_what_runs_in_the_background(tuner: Command, tmp_path: Path) -> None:
    write_table(tmp_path, 200)
    table = ("csv:t.csv", "lstm", "--target", "y")
    small = ("--max-epochs", "2", "--set", "hidden_size=8", "--detach", "--json")

    def lines(*words: str) -> list[str]:
        """What is printed until the sweep stops running."""
        printed = tuner(*words, "--watch", "--json", folder=tmp_path).stdout.splitlines()
        assert printed
        return printed

    def run(form: str, *words: str, name: str = "x") -> None:
        done = tuner(*words, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        found = check_json(form, done.stdout)
        assert found == {"sweep": name, "folder": str(tmp_path / "runs" / name)}
        states = [check_json("status NAME --watch", line)["state"] for line in lines("status", name)]
        assert states[-1] == "finished"

    run("sweep DATASET MODEL --detach", "sweep", *table, *small, "--trials", "2", "--name", "x")
    run("resume NAME --detach", "resume", "x", "--trials", "3", "--detach", "--json")
    run("confirm NAME --detach", "confirm", "x", "--seeds", "2", "--detach", "--json")
    run("train DATASET MODEL --detach", "train", *table, *small, "--name", "y", name="y")
    for line in lines("status"):
        assert [each["sweep"] for each in check_json("status --watch", line)] == ["x", "y"]
