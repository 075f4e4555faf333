"""`tuner sweep --dry-run`: what it prints, what it refuses, and that nothing is left."""

from __future__ import annotations

import json
from pathlib import Path

from support.common import Typed, check_refused


def test_it_says_what_a_sweep_would_do_and_cost(typed: Typed, home: Path) -> None:
    code, out, err = typed("sweep", "digits", "cnn", "--trials", "8", "--set", "width=0.25", "--dry-run")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("digits-cnn-1: 8 trials of cnn on digits, at most 20 epochs each, ")
    assert lines[-1] == "nothing was started"
    assert "  width: 0.25" in lines
    assert any(line.startswith("the search takes about ") for line in lines)
    assert not list(home.glob("*"))


def test_several_models_have_a_cost_each(typed: Typed) -> None:
    code, out, _ = typed("sweep", "digits", "cnn,lenet", "--trials", "6", "--dry-run", "--json")
    assert code == 0
    plan = json.loads(out)
    assert set(plan["epoch_seconds"]) == {"cnn", "lenet"}
    assert all(seconds > 0 for seconds in plan["epoch_seconds"].values())


def test_a_budget_bounds_it(typed: Typed) -> None:
    budget = ("--time-budget", "1s", "--epoch-budget", "5")
    code, out, _ = typed("sweep", "digits", "cnn", "--trials", "50", *budget, "--dry-run", "--json")
    plan = json.loads(out)
    assert (code, plan["epochs_expected"]) == (0, 5)
    assert plan["seconds"] <= 1.0


def test_of_own_training_code_the_time_is_not_known(typed: Typed, tmp_path: Path, home: Path) -> None:
    (tmp_path / "train.py").write_text("def train(trial):\n    trial.report(loss=trial.params['x'])\n")
    words = ("sweep", "train.py", "--set", "x=0..1", "--objective", "loss:min", "--trials", "4")
    code, out, _ = typed(*words, "--dry-run")
    assert code == 0
    assert "how long that takes is known after the first epochs" in out
    assert not list(home.glob("*"))


def test_mistakes_are_those_of_the_sweep(typed: Typed, home: Path) -> None:
    check_refused(typed("sweep", "digits", "cnm", "--dry-run"), ["cnm", "did you mean cnn"], home)
    words = ("--dry-run", "--address", "http://head:8265")
    check_refused(typed("sweep", "digits", "cnn", *words), ["--dry-run", "leave out --address"], home)
