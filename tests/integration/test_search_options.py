"""Samplers and schedulers in real sweeps, from the command line: what the study holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.common import Command, Start, Typed, check_refused, read_study, wait_for_epochs

from tuner.search.schedulers.pasha import Pasha
from tuner.search.study_reader import StudyReader

SMALL = ("--epochs", "3", "--limit", "200", "--cpus", "1", "--concurrency", "2", "--set", "width=0.25", "--json")


def sweep(tuner: Command, folder: Path, *options: str) -> Path:
    """The folder of a sweep that has run to its end."""
    done = tuner("sweep", "digits", "cnn", *SMALL, *options, folder=folder)
    assert done.returncode == 0, done.stderr
    assert options[-1] in done.stderr  # the announcement says it
    return Path(json.loads(done.stdout)["folder"])


@pytest.mark.proof  # other sweeps here have --sampler random, or --scheduler none
def test_random_points_that_are_all_trained_to_the_end(tuner: Command, tmp_path: Path) -> None:
    study = read_study(sweep(tuner, tmp_path, "--trials", "4", "--sampler", "random", "--scheduler", "none"))
    assert [sorted(trial.intermediate_values) for trial in study.trials] == [[1, 2, 3]] * 4
    assert {trial.state.name for trial in study.trials} == {"COMPLETE"}
    assert len({trial.user_attrs["parameters"]["lr"] for trial in study.trials}) == 4


@pytest.mark.proof
def test_a_grid_whose_poor_points_end_at_the_rung(tuner: Command, tmp_path: Path) -> None:
    values = ("lr=0.0001,0.003", "dropout=0.1,0.4", "batch_size=32", "optimizer=adam", "weight_decay=0.001")
    fixed = [word for value in values for word in ("--set", value)]
    study = read_study(sweep(tuner, tmp_path, *fixed, "--sampler", "grid", "--scheduler", "asha-stop"))
    drawn = {(t.user_attrs["parameters"]["lr"], t.user_attrs["parameters"]["dropout"]) for t in study.trials}
    assert drawn == {(lr, dropout) for lr in (0.0001, 0.003) for dropout in (0.1, 0.4)}
    for trial in study.trials:
        assert len(trial.intermediate_values) == {"COMPLETE": 3, "PRUNED": 1}[trial.state.name]


@pytest.mark.proof
def test_pasha_that_is_killed_goes_on_and_trains_few_trials_to_the_end(
    tuner: Command, start: Start, tmp_path: Path
) -> None:
    """What it decides is shown without workers in tests/unit/search/test_pasha.py."""
    arguments = ("sweep", "digits", "cnn", "--trials", "9", "--scheduler", "pasha", "--max-epochs", "9")
    process = start(*arguments, *SMALL[2:-1], "--name", "x", folder=tmp_path)
    wait_for_epochs(tmp_path, 8, process)
    process.kill()
    process.communicate()
    before = {t.number: t.intermediate_values for t in read_study(tmp_path / "runs/x").trials}
    done = tuner("resume", "x", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    study = read_study(tmp_path / "runs/x")
    ends = {trial.number: max(trial.intermediate_values) for trial in study.trials}
    assert len(ends) == 9
    assert set(ends.values()) <= {1, 3, 9}
    assert all(values.items() <= study.trials[n].intermediate_values.items() for n, values in before.items())
    assert {study.trials[n].state.name for n, end in ends.items() if end == 9} == {"COMPLETE"}
    records = StudyReader(tmp_path / "runs/x/study.log").records()
    assert f"\npasha     {Pasha(epochs=9, workers=2).account(records)}\n" in done.stdout


def test_show_gives_the_rungs_of_a_scheduler(typed: Typed) -> None:
    status, shown, _ = typed("show", "digits", "cnn", "--scheduler", "pasha", "--max-epochs", "100")
    assert status == 0
    assert "at most 100 epochs, compared after 1, 4, 11 and 33 (pasha)\n" in shown
    assert "sampler" not in shown
    assert "  sampler tpe (auto: some parameters" in typed("show", "digits", "cnn", "--sampler", "auto")[1]
    space = json.loads(typed("show", "digits", "cnn", "--json", "--scheduler", "none")[1])["space"]
    assert (space["scheduler"], space["rungs"], space["epochs"]) == ("none", [], 20)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--scheduler", "x"), ["unknown --scheduler 'x'"]),
        (("--max-epochs", "0"), ["--max-epochs must be at least 1, got 0"]),
    ],
)
def test_show_refuses_them_in_one_line(typed: Typed, options: tuple[str, ...], words: list[str]) -> None:
    status, _, err = typed("show", "digits", "cnn", *options)
    assert (status, err.count("\n")) == (2, 1)
    assert all(word in err for word in words)
    status, _, err = typed("show", "digits", "--max-epochs", "3")
    assert (status, err) == (
        2,
        "error: --scheduler, --max-epochs, --sampler and --trials are about the trials of a model: give a MODEL, too\n",
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sampler", "tpee"), ["unknown --sampler 'tpee'", "did you mean tpe?"]),
        (("--scheduler", "pash"), ["unknown --scheduler 'pash'", "pasha"]),
        (("--sampler", "grid"), ["--sampler grid", "is a range without steps"]),
    ],
)
def test_bad_values_are_refused_in_one_line(
    typed: Typed, home: Path, options: tuple[str, ...], words: list[str]
) -> None:
    check_refused(typed("sweep", "digits", "cnn", *options), words, home)
