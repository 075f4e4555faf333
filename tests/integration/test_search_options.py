"""Samplers and schedulers in real sweeps, from the command line: what the study holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.common import Command, Typed, check_refused, read_study

SMALL = ("--epochs", "3", "--limit", "200", "--cpus", "1", "--concurrency", "2", "--set", "width=0.25", "--json")


def sweep(tuner: Command, folder: Path, *options: str) -> Path:
    """The folder of a sweep that has run to its end."""
    done = tuner("sweep", "digits", "cnn", *SMALL, *options, folder=folder)
    assert done.returncode == 0, done.stderr
    assert options[-1] in done.stderr  # the announcement says it
    return Path(json.loads(done.stdout)["folder"])


def test_random_points_that_are_all_trained_to_the_end(tuner: Command, tmp_path: Path) -> None:
    study = read_study(sweep(tuner, tmp_path, "--trials", "4", "--sampler", "random", "--scheduler", "none"))
    assert [sorted(trial.intermediate_values) for trial in study.trials] == [[1, 2, 3]] * 4
    assert {trial.state.name for trial in study.trials} == {"COMPLETE"}
    assert len({trial.user_attrs["parameters"]["lr"] for trial in study.trials}) == 4


def test_a_grid_whose_poor_points_end_at_the_rung(tuner: Command, tmp_path: Path) -> None:
    values = ("lr=0.0001,0.003", "dropout=0.1,0.4", "batch_size=32", "optimizer=adam", "weight_decay=0.001")
    fixed = [word for value in values for word in ("--set", value)]
    study = read_study(sweep(tuner, tmp_path, *fixed, "--sampler", "grid", "--scheduler", "asha-stop"))
    drawn = {(t.user_attrs["parameters"]["lr"], t.user_attrs["parameters"]["dropout"]) for t in study.trials}
    assert drawn == {(lr, dropout) for lr in (0.0001, 0.003) for dropout in (0.1, 0.4)}
    for trial in study.trials:
        assert len(trial.intermediate_values) == {"COMPLETE": 3, "PRUNED": 1}[trial.state.name]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sampler", "tpee"), ["unknown --sampler 'tpee'", "did you mean tpe?"]),
        (("--scheduler", "pasha"), ["unknown --scheduler 'pasha'"]),
        (("--sampler", "grid"), ["--sampler grid", "is a range without steps"]),
    ],
)
def test_bad_values_are_refused_in_one_line(
    typed: Typed, home: Path, options: tuple[str, ...], words: list[str]
) -> None:
    check_refused(typed("sweep", "digits", "cnn", *options), words, home)
