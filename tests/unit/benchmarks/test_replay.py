"""Searches that are replayed over a table."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import search_quality
from replay.methods import METHODS, chosen, own
from replay.methods.base import Board, Kind, Method, Search
from replay.runs import Plan, outcomes
from replay.surrogate import Curve, Surrogate
from replay.tables import Table, read_table
from replay.workers import replay
from support.common import make_config
from support.made_up_curves import EPOCHS, SAMPLES, SPACE, made_up_table
from support.made_up_search import begin, report_of

from tuner.core.records import TrialRecord, trial_seed
from tuner.search.schedulers.base import Decision
from tuner.search.start_points import default_point

RUNNABLE, _ = chosen(list(METHODS))


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return read_table(made_up_table(tmp_path / "small.npz"))


def search_of(table: Table, **changes: object) -> Search:
    values = {"trials": 8, "budget": None, "workers": 1, "seed": 3, "samples": SAMPLES, "epochs": EPOCHS}
    return Search(space=table.space, raw_space=table.raw_space, **{**values, **changes})  # type: ignore[arg-type]


def told(records: list[TrialRecord]) -> list[tuple[object, ...]]:
    return [(r.number, r.state, r.parameters, r.values, r.kept, r.best_epoch) for r in records]


def test_its_decisions_are_those_of_the_controller_driven_otherwise(table: Table, tmp_path: Path) -> None:
    replayed: list[TrialRecord] = []

    @contextmanager
    def noted(search: Search) -> Iterator[Method]:
        with own.tuner(search) as method:
            yield method
            assert isinstance(method, own.Own)
            replayed.extend(method.study.records())

    search, surrogate = search_of(table), Surrogate(table, 3)
    found = replay(Kind(make=noted), search, surrogate, [], 1.0)
    space = {**table.raw_space, "start": [default_point(table.raw_space, table.space)]}
    config = make_config(trials=8, epochs=EPOCHS, concurrency=1, seed=3, space=space, default=True)
    controller, study = begin(config, tmp_path)
    while not controller.over:
        drawn = controller.next_trial()
        assert drawn is not None
        number, parameters = drawn
        curve, decision = surrogate(parameters, trial_seed(3, number)), Decision.CONTINUE
        while decision is Decision.CONTINUE:
            at = study.record(number).epoch
            report = report_of(at + 1, curve.accuracy[at], val_loss=curve.loss[at])
            object.__setattr__(report, "kept_epoch", curve.kept[at])
            decision = controller.on_report(number, report)
    assert told(study.records()) == told(replayed)
    best = study.best()
    assert best is not None
    assert found.scores == {0: surrogate(best.parameters, trial_seed(3, best.number)).test[best.best_epoch - 1]}
    assert (found.trials, found.epochs) == (8, sum(record.epoch for record in replayed))


@pytest.mark.parametrize("method", RUNNABLE)
def test_every_method_runs_and_is_the_same_again(table: Table, method: str) -> None:
    plan = Plan(methods=(method,), workers=2, budgets=(30, 60))
    first, again, other = (outcomes(table, plan, seed)[0][method] for seed in (0, 0, 1))
    assert first == again
    assert first != other
    assert set(first.scores) == {30, 60, 0}
    assert first.epochs == (EPOCHS if method == "default" else pytest.approx(60, abs=3))


@pytest.mark.parametrize("method", RUNNABLE)
def test_a_search_of_some_trials_ends_by_itself(table: Table, method: str) -> None:
    found = outcomes(table, Plan(methods=(method,), workers=3, trials=6), 0)[0][method]
    assert found.trials == (1 if method == "default" else 6)
    assert list(found.scores) == [0]
    assert found.epochs <= 6 * EPOCHS


def test_the_board_chooses_as_the_study_does(table: Table) -> None:
    board, surrogate = Board(), Surrogate(table, 0)
    curves: list[Curve] = [surrogate(each, seed) for seed, each in enumerate(table.parameters[:20])]
    with own.tuner(search_of(table, trials=20, workers=20)) as method:
        for _ in curves:
            assert method.next_trial()
        for epoch in range(1, EPOCHS + 1):
            for number, curve in enumerate(curves):
                board.note(number, epoch, curve)
                method.study.report(
                    number,
                    {"epoch": epoch, "val_accuracy": curve.accuracy[epoch - 1], "val_loss": curve.loss[epoch - 1]},
                    kept_epoch=curve.kept[epoch - 1],
                )
            assert board.best() == method.best()


def test_the_default_has_the_names_of_the_study(table: Table) -> None:
    search = search_of(table)
    assert search.default_labels == {
        "optimizer": "sgd",
        "lr (sgd)": 0.1,
        "momentum (sgd)": 0.7,
        "layers": 3,
        "size": 32,
    }
    assert search.default == {"optimizer": "sgd", "lr": 0.1, "momentum": 0.7, "layers": 3, "size": 32}


@pytest.mark.parametrize("method", [name for name in RUNNABLE if not name.startswith("tuner+")])
def test_every_method_begins_with_the_default_of_the_space(tmp_path: Path, method: str) -> None:
    text = SPACE + '[[start]]\noptimizer = "adam"\nlr = 0.002\nlayers = 1\n'
    search = search_of(read_table(made_up_table(tmp_path / "small.npz", space=text)))
    with METHODS[method].make(search) as begun:
        assert begun.next_trial() == (0, {"optimizer": "adam", "lr": 0.002, "layers": 1, "size": 32})


def called(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["search_quality.py", *map(str, words)])
    return search_quality.main()


def test_the_command_prints_tables_and_writes_them(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "small.npz", tmp_path / "out.json"
    words = ["--curves", file, "--methods", "random,default", "--seeds", 2, "--budgets", "40,20", "--jobs", 1]
    assert called(monkeypatch, *words, "--json", out) == 0
    printed = capsys.readouterr().out
    found = json.loads(out.read_text())["small"]
    assert set(found) == {"random", "default"}
    assert set(found["default"]) == {"20", "40", "minus random", "epochs_to_best", "epochs", "trials"}
    assert f"{found['random']['40']['mean']:.4f}" in printed
    assert len(found["random"]["40"]["scores"]) == 2
    assert called(monkeypatch, *words, "--against", out) == 0
    assert "+0 ±0" in capsys.readouterr().out, "nothing has changed"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--curves"], "record some with make curves"),
        (["--curves", "none.npz"], "none.npz: no such file"),
        (["--curves", "small.npz", "--methods", "tuner,rays"], "did you mean ray"),
        (["--curves", "small.npz", "--budgets", "many"], "--budgets many"),
        (["--curves", "small.npz", "--seeds", "0"], "--seeds must be at least 1"),
        (["--curves", "small.npz", "--trials", "-4"], "--trials must be at least 1"),
        (["--curves", "small.npz", "--baseline", "ray"], "--baseline ray: choose one of tuner, random"),
        (["--curves", "small.npz", "./small.npz", "sub/small.npz"], "two files are called small"),
        (["--curves", "small.npz", "--against", "none.json"], "--against none.json: no such file"),
        (["--curves", "small.npz", "--against", "small.npz"], "--against small.npz: not"),
    ],
)
def test_bad_input_gets_one_line(
    table: Table,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert called(monkeypatch, *words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_a_method_whose_package_is_missing_is_left_out_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "elsewhere", Kind(make=own.tuner, needs="no_such_package"))
    assert chosen(["elsewhere", "tuner"]) == (["tuner"], ["elsewhere is left out: no_such_package is not installed"])
