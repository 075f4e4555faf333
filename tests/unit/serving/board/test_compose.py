"""The form of a new sweep and its command: read by the same code as what is typed in a terminal."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.common import Typed

from tuner.core.errors import TunerError
from tuner.serving.board.compose import Form, command_text, sweep_words

FULL = Form(
    dataset="digits",
    models=["cnn", " lenet "],
    trials="12",
    time_budget="30m",
    max_epochs="9",
    sampler="random",
    scheduler="none",
    name="mine",
    overrides=["dropout=0.1..0.5", "optimizer=sgd,adam"],
    more="--limit 500 --constraint 'parameters<=300000'",
)


def test_a_form_is_a_command() -> None:
    assert sweep_words(Form(dataset="digits")) == ["sweep", "digits"]
    text = command_text(sweep_words(FULL))
    assert text.startswith("tuner sweep digits cnn,lenet --trials 12 --time-budget 30m --max-epochs 9 ")
    assert shlex.split(text)[1:] == sweep_words(FULL)
    assert "--constraint 'parameters<=300000'" in text


def test_the_command_line_reads_it_as_it_was_meant(typed: Typed, home: Path) -> None:
    words = sweep_words(FULL.model_copy(update={"models": ["cnn"], "more": "--limit 300"}))
    code, out, err = typed(*words, "--dry-run", "--json")
    assert code == 0, err
    plan = json.loads(out)
    assert (plan["sweep"], plan["trials"], plan["max_epochs"], plan["time_budget"]) == ("mine", 12, 9, 1800.0)
    assert plan["epochs_expected"] == 12 * 9  # no trial is stopped early
    assert 0 < plan["seconds"] <= 1800.0
    assert any("dropout: 0.1 .. 0.5" in line for line in plan["lines"])
    assert not list(home.glob("*"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"more": "--detach"}, "--detach"),
        ({"more": "--address=http://x"}, "--address=http://x"),
        ({"more": "'"}, "quote"),
        ({"dataset": ""}, "choose a dataset"),
        ({"dataset": "--script"}, "does not begin with"),
        ({"models": ["--slurm=x"]}, "does not begin with"),
    ],
)
def test_what_cannot_be_composed_says_why(changes: dict[str, object], words: str) -> None:
    with pytest.raises(TunerError, match=words):
        sweep_words(FULL.model_copy(update=changes))


def test_a_value_is_never_read_as_an_option() -> None:
    words = sweep_words(Form(dataset="digits", name="--detach", trials="-1", overrides=["--slurm"]))
    assert words == ["sweep", "digits", "--trials=-1", "--name=--detach", "--set=--slurm"]


@pytest.mark.parametrize(
    "raw", [{"dataset": "x" * 5000}, {"unknown": 1}, {"models": "cnn"}, {"overrides": ["x"] * 201}]
)
def test_a_form_has_limits(raw: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Form.model_validate(raw)
