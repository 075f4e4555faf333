"""What a user writes for objectives and constraints, and what it means."""

from __future__ import annotations

import pytest

from tuner.core.errors import TunerError
from tuner.core.objective import METRICS, PLAIN, Goal

DEFAULTS = {
    "val_accuracy": "max",
    "val_macro_f1": "max",
    "val_balanced_accuracy": "max",
    "train_accuracy": "max",
    "val_r2": "max",
    "val_rmse": "min",
    "val_mae": "min",
    "val_mse": "min",
    "train_r2": "max",
    "val_loss": "min",
    "train_loss": "min",
    "parameters": "min",
    "latency_ms": "min",
}


@pytest.mark.parametrize("name", METRICS)
def test_each_metric_knows_which_values_are_better(name: str) -> None:
    assert Goal.parse(name, task=None) == Goal.parse(f"{name}:{DEFAULTS[name]}", task=None)
    [gain] = Goal.parse(name, task=None).gains({name: 2.0})
    assert gain == (2.0 if DEFAULTS[name] == "max" else -2.0)


def test_a_metric_of_the_other_task_is_refused_with_those_of_this_one() -> None:
    refused = r"^--objective val_accuracy: that is for classification, and this is regression: choose one of val_r2"
    with pytest.raises(TunerError, match=refused):
        Goal.parse("val_accuracy", task="regression")
    with pytest.raises(TunerError, match=r"^--constraint val_r2: that is for regression, and this is classification: "):
        Goal.parse(None, "val_r2>=0.5")


def test_numbers_are_compared_by_r2_unless_something_else_is_asked_for() -> None:
    goal = Goal.parse(None, task="regression")
    assert (str(goal.first), goal.score, goal.by_score, goal.by_accuracy) == ("val_r2:max", "val_r2", True, False)
    assert Goal.parse("parameters", task="regression").watched.name == "val_r2"
    assert Goal.parse("val_mae", task="regression").words() == ["--objective", "val_mae:min"]


def test_a_direction_that_is_given_is_taken() -> None:
    [gain] = Goal.parse("val_loss:max").gains({"val_loss": 2.0})
    assert gain == 2.0


@pytest.mark.parametrize(
    ("objective", "constraint"),
    [
        ("val_accuracy:max", ""),
        ("val_loss:min", "parameters<=300000"),
        ("val_accuracy:max,parameters:min", "latency_ms<=1.5,val_accuracy>=0.95"),
    ],
)
def test_a_goal_is_read_again_from_its_text_and_from_its_options(objective: str, constraint: str) -> None:
    goal = Goal.parse(objective, constraint)
    assert (goal.objective_text, goal.constraint_text) == (objective, constraint)
    words = goal.words()
    given = {option: [v for o, v in zip(words[::2], words[1::2], strict=True) if o == option] for option in words[::2]}
    again = Goal.parse(",".join(given.get("--objective", ["val_accuracy"])), ",".join(given.get("--constraint", [])))
    assert again == goal


def test_spaces_and_underscores_in_a_bound_are_fine() -> None:
    assert Goal.parse("val_loss", "parameters <= 300_000").constraint_text == "parameters<=300000"


@pytest.mark.parametrize(
    ("objective", "constraint", "words"),
    [
        ("val_los", "", ["unknown --objective metric 'val_los'", "did you mean val_loss"]),
        ("val_loss:down", "", ["unknown direction of --objective val_loss 'down'", "max, min"]),
        ("val_loss,val_loss", "", ["val_loss is given twice"]),
        ("val_accuracy,val_loss,parameters", "", ["at most 2 objectives", "got 3"]),
        ("val_loss", "parameters", ["--constraint 'parameters'", "parameters<=300000"]),
        ("val_loss", "parameters<300", ["--constraint 'parameters<300'", "<= or >="]),
        ("val_loss", "parametres<=3", ["unknown --constraint metric 'parametres'", "parameters"]),
        ("val_loss", "parameters<=many", ["'many' is not a number"]),
        ("val_loss", "parameters<=nan", ["'nan' is not a number"]),
        ("val_loss", "parameters<=", ["'' is not a number"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line(objective: str, constraint: str, words: list[str]) -> None:
    with pytest.raises(TunerError) as caught:
        Goal.parse(objective, constraint)
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_bound_may_be_reached() -> None:
    goal = Goal.parse("val_accuracy", "parameters<=100,val_accuracy>=0.5")
    assert goal.violation({"parameters": 100, "val_accuracy": 0.5}) == 0
    assert goal.violation({"parameters": 150, "val_accuracy": 0.4}) == pytest.approx(0.5 + 0.2)
    assert goal.broken({"parameters": 1500}) == "parameters 1,500 (must be at most 100)"
    assert goal.broken({"parameters": 100}) == ""


def test_what_is_followed_from_epoch_to_epoch() -> None:
    watched = {text: str(Goal.parse(text).watched) for text in ("val_loss", "parameters,val_loss", "latency_ms")}
    assert watched == {
        "val_loss": "val_loss:min",
        "parameters,val_loss": "val_loss:min",
        "latency_ms": "val_accuracy:max",
    }
    assert Goal.parse("parameters,val_loss", "latency_ms<=2,val_accuracy>=0.5").of_epochs == Goal.parse(
        "val_loss", "val_accuracy>=0.5"
    )
    assert Goal.parse("val_accuracy,parameters", "latency_ms<=2").before == ("parameters", "latency_ms")
    assert PLAIN.before == ()
