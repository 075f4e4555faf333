"""Start points: what is refused and how, what trials get, and what the study holds, after kills too."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import optuna
import pytest
from support.common import make_config, read_study
from support.made_up_search import begin, drive, study_of

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.search.overrides import override
from tuner.search.space_file import parse_space, read_toml, space_of
from tuner.search.start_points import fit_point

SPACE = """
epochs = 9

[params]
optimizer = { choices = ["sgd", "adam"] }
lr = [
  { when = { optimizer = "sgd" }, low = 0.1, high = 1.0, log = true },
  { when = { optimizer = "adam" }, low = 1e-4, high = 1e-2, log = true },
]
momentum = { low = 0.5, high = 0.99, when = { optimizer = "sgd" } }
batch_size = { low = 32, high = 128, step = 32 }
dropout = { low = 0.0, high = 0.3, step = 0.1 }
width = { choices = [0.5, 1.0] }
nesterov = { choices = [true, false] }
depth = 20
"""
MIDDLE = {"batch_size": 96, "dropout": 0.1, "width": 1.0, "nesterov": True, "depth": 20}


def space(start: str) -> dict[str, Any]:
    return read_toml(SPACE + start, "space.toml")


def points_of(start: str) -> tuple[dict[str, Any], ...]:
    return parse_space(space(start), "space.toml").start


def refusal(start: str) -> str:
    with pytest.raises(TunerError) as caught:
        points_of(start)
    return str(caught.value)


def test_a_point_gets_the_middle_of_what_it_does_not_name() -> None:
    [named, nothing] = points_of('[[start]]\noptimizer = "adam"\nlr = 1e-3\nwidth = 1\n[[start]]\n')
    assert named == {"optimizer": "adam", "lr": 1e-3, **MIDDLE}
    assert type(named["width"]) is float
    assert nothing == {"optimizer": "sgd", "lr": 0.316, "momentum": 0.745, **MIDDLE}
    assert points_of("") == ()


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("lrr = 1", "lrr: unknown parameter of the search space 'lrr': did you mean lr?"),
        ("optimizer = 'adamw'", "optimizer: 'adamw' is not one of sgd, adam"),
        ("nesterov = 1", "nesterov: 1 is not one of True, False"),
        ("depth = 32", "depth: 32 is not 20"),
        ("lr = 0.01", "lr: 0.01 is outside of 0.1 .. 1 log when optimizer = sgd"),
        ("lr = 'high'", "lr: 'high' is not a number from 0.1 .. 1 log when optimizer = sgd"),
        ("lr = [0.1]", "lr: [0.1] is not a number from 0.1 .. 1 log when optimizer = sgd"),
        ("lr = nan", "lr: nan is not a number from 0.1 .. 1 log when optimizer = sgd"),
        ("batch_size = 40", "batch_size: 40 is between the steps of 32 .. 128 step 32"),
        ("dropout = 0.15", "dropout: 0.15 is between the steps of 0 .. 0.3 step 0.1"),
        ("optimizer = 'adam'\nmomentum = 0.9", "momentum: applies only when optimizer = sgd, and optimizer is adam"),
    ],
)
def test_a_point_that_does_not_fit_is_refused_with_file_key_and_reason(point: str, message: str) -> None:
    assert refusal(f"[[start]]\n[[start]]\n{point}\n") == f"space.toml: start[1].{message}"


@pytest.mark.parametrize("end", ["", "\n[[start]]\nlr = 0.2"])
def test_what_an_unnamed_parent_decides_is_told(end: str) -> None:
    text = SPACE.replace('["sgd", "adam"]', '["adam", "sgd"]') + "[[start]]\nmomentum = 0.9" + end
    with pytest.raises(
        TunerError, match=r"when optimizer = sgd, and optimizer, which the point does not name, is adam$"
    ):
        parse_space(read_toml(text, "space.toml"), "space.toml")


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("[[start]]\n" * 6, "start: at most 5 points, got 6: give more with --enqueue FILE"),
        ("[start]\nlr = 0.1", "start: must be a list of points, each below a line [[start]]"),
    ],
)
def test_too_many_points_and_other_shapes_are_refused(start: str, message: str) -> None:
    assert refusal(start) == f"space.toml: {message}"


def test_a_point_that_is_no_table_is_refused() -> None:
    with pytest.raises(TunerError, match=r"^space.toml: start\[0\]: must be a table of parameters, got 3$"):
        parse_space({**space(""), "start": [3]}, "space.toml")


def test_in_a_narrowed_space_only_the_points_that_fit_are_left() -> None:
    raw = override(space('[[start]]\noptimizer = "adam"\n[[start]]\noptimizer = "sgd"\n'), ["optimizer=sgd"])
    [left] = parse_space(raw, "space.toml", narrowed=True).start
    assert left["optimizer"] == "sgd"


def test_what_depends_on_a_value_that_does_not_fit_is_no_fit_though_it_is_in_the_range() -> None:
    """A learning rate of adam means something else for sgd."""
    found = fit_point({"optimizer": "adamw", "lr": 0.2, "width": 0.5, "gamma": 1}, parse_space(space(""), "x"))
    assert found.misfits == {
        "optimizer": "'adamw' is not one of sgd, adam",
        "lr": "depends on optimizer, which does not fit",
        "gamma": "unknown parameter of the search space 'gamma': choose one of "
        "batch_size, depth, dropout, lr, momentum, nesterov, optimizer, width",
    }
    assert (found.parameters["lr"], found.parameters["width"]) == (0.316, 0.5)


POINTS: tuple[dict[str, Any], ...] = (
    {"optimizer": "adam", "lr": 2e-3, "batch_size": 64, "dropout": 0.1, "width": 0.5, "nesterov": False, "depth": 20},
    {"optimizer": "sgd", "lr": 0.5, "momentum": 0.9, **MIDDLE},
)


def started(trials: int = 8) -> SweepConfig:
    """A sweep with the points, as its sweep.json has it."""
    raw = {**space(""), "start": [dict(POINTS[0]), {"lr": 0.5, "momentum": 0.9}]}
    return make_config(trials=trials, concurrency=1, space=json.loads(json.dumps(raw)))


def test_the_study_holds_them_as_the_first_trials_with_optunas_own_distributions(tmp_path: Path) -> None:
    controller, study = begin(started(), tmp_path)
    drive(controller, Counter())
    assert tuple(record.parameters for record in study.records()[:2]) == POINTS
    assert len({json.dumps(record.parameters) for record in study.records()}) == 8
    first, second, third, *_ = read_study(tmp_path).trials
    assert first.params == {
        **{"optimizer": "adam", "lr (adam)": 2e-3, "batch_size": 64, "dropout": 0.1, "width": 0.5, "nesterov": False}
    }
    assert second.params["lr (sgd)"] == 0.5
    assert second.distributions["lr (sgd)"] == optuna.distributions.FloatDistribution(0.1, 1.0, log=True)
    for trial in (first, second):
        values = {name: each.to_internal_repr(trial.params[name]) for name, each in trial.distributions.items()}
        assert all(trial.distributions[name]._contains(value) for name, value in values.items())
        assert trial.system_attrs["fixed_params"] == trial.params
    assert "fixed_params" not in third.system_attrs


def test_they_change_nothing_of_the_other_trials_that_are_random(tmp_path: Path) -> None:
    """Each trial has a seed of its own."""
    plain = make_config(trials=30, concurrency=1, space=space(""))
    drawn = []
    for name, config in (("plain", plain), ("started", started(30))):
        (tmp_path / name).mkdir()
        study = study_of(config, tmp_path / name)
        drawn.append([study.ask()[1] for _ in range(6)])
    assert drawn[0][2:] == drawn[1][2:]


class KilledError(Exception):
    """In place of a kill."""


@pytest.mark.parametrize("moment", range(11))
def test_a_kill_at_any_moment_between_creation_and_report_leaves_the_same_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """The process ends before the moment-th write to the journal of the second trial."""
    study = study_of(started(), tmp_path)
    study.ask()
    left = [moment]
    storage = type(study._storage)
    write = storage._write_log

    def write_or_die(self: Any, *given: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KilledError
        write(self, *given)

    monkeypatch.setattr(storage, "_write_log", write_or_die)
    died = False
    try:
        study.ask()
    except KilledError:
        died = True
    monkeypatch.undo()
    assert died == (moment < 10)  # it is created, fixed, draws 7 parameters, and notes them all
    controller, again = begin(started(), tmp_path)
    drive(controller, Counter())
    assert tuple(record.parameters for record in again.records()[:2]) == POINTS
    assert again.count == 8


def test_with_fewer_trials_than_points_the_first_ones_are_tried(tmp_path: Path) -> None:
    controller, study = begin(started(1), tmp_path)
    drive(controller, Counter())
    assert [record.parameters for record in study.records()] == [POINTS[0]]
    assert space_of(started(1)).start == POINTS
