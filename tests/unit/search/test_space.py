"""Search spaces: what is refused and how, and what is drawn."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

import optuna
import pytest

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.search.space import Middle, SearchSpace
from tuner.search.space_file import parse_space, read_toml

CONDITIONAL = """
epochs = 9

[params]
optimizer = { choices = ["sgd", "adam", "adamw"] }
lr = [
  { when = { optimizer = "sgd" }, low = 0.1, high = 1.0, log = true },
  { when = { optimizer = ["adam", "adamw"] }, low = 1e-4, high = 1e-2, log = true },
]
momentum = { low = 0.5, high = 0.99, when = { optimizer = "sgd" } }
batch_size = { low = 32, high = 128, step = 32 }
width = { low = 1, high = 64, log = true }
dropout = { low = 0.0, high = 0.5, step = 0.25 }
depth = 20
"""


@pytest.fixture
def study() -> Iterator[optuna.Study]:
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    optuna.logging.set_verbosity(verbosity)


def parse(text: str) -> SearchSpace:
    return parse_space(read_toml(text, "space.toml"), "space.toml")


def refusal(text: str) -> str:
    with pytest.raises(TunerError) as caught:
        parse(text)
    return str(caught.value)


def of(params: str) -> str:
    """A space with an optimizer and the lines `params` below it."""
    return f'epochs = 5\n[params]\noptimizer = {{ choices = ["sgd", "adam"] }}\n{params}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 5", "unknown key 'epoch': a search space has epochs, constrain, [params] and [[start]]"),
        ("[params]\nlr = 1", "epochs: must be a whole number of at least 1, got None"),
        ("epochs = 0", "epochs: must be a whole number of at least 1, got 0"),
        ("epochs = 2.5", "epochs: must be a whole number of at least 1, got 2.5"),
        ("epochs = true", "epochs: must be a whole number of at least 1, got True"),
        ("epochs = '5'", "epochs: must be a whole number of at least 1, got '5'"),
        ("epochs = 5", "[params] is missing or empty"),
        ("epochs = 5\n[params]", "[params] is missing or empty"),
        ("epochs = 5\nparams = 3", "[params] is missing or empty"),
    ],
)
def test_a_document_that_is_no_search_space_is_refused(text: str, message: str) -> None:
    assert refusal(text) == f"space.toml: {message}"


NUMBER = "must be a finite number, got"
VALUES = "must be a list of numbers, strings or booleans, got"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x = []", "x: an empty list: give a value, a range or choices = [...]"),
        ("x = nan", "x: must be a value, { choices = [...] } or { low = ..., high = ... }"),
        ("x = 1979-05-27", "x: must be a value, { choices = [...] } or { low = ..., high = ... }"),
        ("x = { min = 1 }", "x.min: unknown key: choose one of choices, high, log, low, prior, step, when"),
        ("x = { choices = 3 }", f"x.choices: {VALUES} 3"),
        ("x = { choices = [] }", f"x.choices: {VALUES} []"),
        ("x = { choices = [[1]] }", f"x.choices: {VALUES} [[1]]"),
        ("x = { choices = [inf] }", f"x.choices: {VALUES} [inf]"),
        ("x = { choices = [1, 2, 1] }", "x.choices: [1, 2, 1] holds a value twice"),
        ("x = { choices = [1, 2], low = 1 }", "x.low: cannot be combined with choices"),
        ("x = { choices = [1, 2], high = 1 }", "x.high: cannot be combined with choices"),
        ("x = { choices = [1, 2], log = true }", "x.log: cannot be combined with choices"),
        ("x = { choices = [1, 2], step = 1 }", "x.step: cannot be combined with choices"),
        ("x = { high = 1 }", f"x.low: {NUMBER} None"),
        ("x = { low = 1 }", f"x.high: {NUMBER} None"),
        ("x = { low = '1e-4', high = 1 }", f"x.low: {NUMBER} '1e-4'"),
        ("x = { low = true, high = 2 }", f"x.low: {NUMBER} True"),
        ("x = { low = 0, high = inf }", f"x.high: {NUMBER} inf"),
        ("x = { low = nan, high = 1 }", f"x.low: {NUMBER} nan"),
        ("x = { low = 2, high = 1 }", "x: low 2 is not below high 1"),
        ("x = { low = 1.5, high = 1.5 }", "x: low 1.5 is not below high 1.5"),
        ("x = { low = 1, high = 2, log = 'yes' }", "x.log: must be true or false, got 'yes'"),
        ("x = { low = 0.0, high = 1.0, log = true }", "x: a log scale needs low above 0, got 0.0"),
        ("x = { low = -1, high = 1, log = true }", "x: a log scale needs low above 0, got -1"),
        ("x = { low = 1, high = 9, step = 0 }", "x.step: must be a number above 0, and cannot be combined with log"),
        ("x = { low = 1, high = 9, step = '2' }", "x.step: must be a number above 0, and cannot be combined with log"),
        ("x = { low = 1, high = 9, step = 2, log = true }",
         "x.step: must be a number above 0, and cannot be combined with log"),
        ("x = { low = 1, high = 9, step = 0.5 }", "x.step: must be whole like low and high, got 0.5"),
        ("x = { low = 1, high = 2, when = 'sgd' }",
         "x.when: must name one parameter and its value, such as { optimizer = 'sgd' }"),
        ("x = { low = 1, high = 2, when = {} }",
         "x.when: must name one parameter and its value, such as { optimizer = 'sgd' }"),
        ("x = { low = 1, high = 2, when = { optimizer = 'sgd', lr = 1 } }",
         "x.when: must name one parameter and its value, such as { optimizer = 'sgd' }"),
        ("x = { low = 1, high = 2, when = { optimizer = [] } }",
         "x.when.optimizer: must be a value or a list of values"),
        ("x = { low = 1, high = 2, when = { optimizer = [['sgd']] } }",
         "x.when.optimizer: must be a value or a list of values"),
        ("x = { low = 1, high = 2, when = { y = 1 } }\ny = 1", "x.when: 'y' must be a parameter that stands above it"),
        ("x = { low = 1, high = 2, when = { x = 1 } }", "x.when: 'x' must be a parameter that stands above it"),
        ("x = { low = 1, high = 2, when = { optimizer = 'adamw' } }",
         "x.when: optimizer is never 'adamw': choose one of ['sgd', 'adam']"),
        ("x = [{ low = 1, high = 2 }, { low = 3, high = 4, when = { optimizer = 'sgd' } }]",
         "x: write choices = [...], or give each alternative a 'when'"),
        ("x = [{ low = 1, high = 2, when = { optimizer = 'sgd' } },\n"
         "     { low = 3, high = 4, when = { optimizer = ['adam', 'sgd'] } }]",
         "x: two alternatives apply when optimizer = sgd"),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_refused_with_file_key_and_reason(line: str, message: str) -> None:
    assert refusal(of(line)) == f"space.toml: params.{message}"


def test_a_text_that_is_not_toml_is_refused_with_its_line() -> None:
    message = refusal("epochs = 5\n[params]\nlr = { low: 1 }")
    assert message.startswith("space.toml: not valid TOML: ")
    assert "line 3" in message
    assert "\n" not in message


def test_a_list_without_the_word_choices_is_refused_with_how_to_write_it() -> None:
    """The commonest slip: `lr = [0.1, 0.2]`."""
    assert "choices" in refusal(of("lr = [0.1, 0.2]"))


@pytest.mark.parametrize("range_", ["low = 0.0, high = 1.0, step = 0.3", "low = 0, high = 2, step = 30"])
def test_a_step_that_does_not_divide_its_range_is_refused_when_read_or_drawn_without_a_warning(
    range_: str, study: optuna.Study
) -> None:
    """Optuna cuts the range, with a Python warning into the live table; here warnings are errors."""
    try:
        space = parse(of(f"x = {{ {range_} }}"))
    except TunerError as error:
        assert str(error).startswith("space.toml: params.x.step: ")  # noqa: PT017 - either is right
    else:
        space(study.ask())


def test_alternatives_that_depend_on_different_parents_are_refused_or_never_clash(study: optuna.Study) -> None:
    """Both may apply at once; and with equal parent values they would share one label in the study."""
    text = (
        "epochs = 1\n[params]\na = { choices = [true, false] }\nb = { choices = [true, false] }\n"
        "x = [{ when = { a = true }, low = 0, high = 1 }, { when = { b = true }, low = 10.0, high = 20.0 }]"
    )
    try:
        space = parse(text)
    except TunerError as error:
        assert str(error).startswith("space.toml: params.x: ")  # noqa: PT017 - either is right
        return
    for _ in range(20):
        drawn = space(study.ask())
        if drawn["a"]:
            assert drawn["x"] in (0, 1)


def test_a_space_draws_values_of_the_types_and_ranges_that_it_names(study: optuna.Study) -> None:
    space = parse(CONDITIONAL)
    drawn = [space(study.ask()) for _ in range(60)]
    assert space.epochs == 9
    assert {point["depth"] for point in drawn} == {20}
    assert {point["batch_size"] for point in drawn} == {32, 64, 96, 128}
    assert {point["dropout"] for point in drawn} == {0.0, 0.25, 0.5}
    assert all(type(point["width"]) is int and 1 <= point["width"] <= 64 for point in drawn)
    assert {point["optimizer"] for point in drawn} == {"sgd", "adam", "adamw"}


def test_a_log_range_is_drawn_evenly_over_its_orders_of_magnitude(study: optuna.Study) -> None:
    space = parse("epochs = 1\n[params]\nlr = { low = 1e-4, high = 1.0, log = true }")
    logs = [math.log10(float(space(study.ask())["lr"])) for _ in range(200)]
    assert abs(sum(logs) / len(logs) + 2) < 0.3  # drawn linearly the mean would be -0.43


def test_a_parameter_is_drawn_only_when_its_parent_has_the_value(study: optuna.Study) -> None:
    space = parse(CONDITIONAL)
    for _ in range(40):
        point = space(study.ask())
        low, high = (0.1, 1.0) if point["optimizer"] == "sgd" else (1e-4, 1e-2)
        assert low <= float(point["lr"]) <= high
        assert ("momentum" in point) == (point["optimizer"] == "sgd")


def test_alternatives_have_labels_of_their_own_in_the_study_and_constants_none(study: optuna.Study) -> None:
    space = parse(CONDITIONAL)
    seen: dict[str, set[str]] = {}
    for _ in range(40):
        trial = study.ask()
        optimizer = str(space(trial)["optimizer"])
        seen.setdefault(optimizer, set()).update(trial.params)
    always = {"optimizer", "batch_size", "width", "dropout"}
    assert seen["sgd"] == always | {"lr (sgd)", "momentum (sgd)"}
    assert seen["adam"] == seen["adamw"] == always | {"lr (adam|adamw)"}


def test_a_child_of_a_parameter_that_was_not_drawn_is_not_drawn_either(study: optuna.Study) -> None:
    space = parse(
        "epochs = 1\n[params]\na = { choices = [1, 2] }\n"
        "b = { choices = [3, 4], when = { a = 1 } }\nc = { low = 0, high = 9, when = { b = 3 } }"
    )
    points = [space(study.ask()) for _ in range(40)]
    assert any("c" in point for point in points)
    assert all(("c" in point) == (point.get("b") == 3) for point in points)
    assert all(("b" in point) == (point["a"] == 1) for point in points)


def test_a_parent_that_is_a_constant_turns_its_children_on_or_off(study: optuna.Study) -> None:
    """So `--set optimizer=adam` needs no change to the lines that speak of sgd."""
    space = parse(
        "epochs = 1\n[params]\noptimizer = 'adam'\n"
        "momentum = { low = 0.5, high = 0.9, when = { optimizer = 'sgd' } }\n"
        "lr = { low = 0.5, high = 0.9, when = { optimizer = 'adam' } }"
    )
    assert set(space(study.ask())) == {"optimizer", "lr"}


def test_a_whole_range_may_be_a_parent(study: optuna.Study) -> None:
    space = parse("epochs = 1\n[params]\na = { low = 1, high = 2 }\nb = { choices = [3, 4], when = { a = 2 } }")
    points = [space(study.ask()) for _ in range(30)]
    assert all(("b" in point) == (point["a"] == 2) for point in points)


def test_a_range_with_one_end_a_fraction_is_of_floats(study: optuna.Study) -> None:
    space = parse("epochs = 1\n[params]\nx = { low = 0, high = 0.5 }")
    assert isinstance(space(study.ask())["x"], float)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("x = 20", "20"),
        ("x = { choices = [2, 'a', true] }", "2, a, True"),
        ("x = { low = 1e-4, high = 1.0, log = true }", "0.0001 .. 1 log"),
        ("x = { low = 32, high = 128, step = 32 }", "32 .. 128 step 32"),
        ("x = { low = 0, high = 1, when = { optimizer = ['sgd', 'adam'] } }", "0 .. 1   when optimizer = sgd or adam"),
    ],
)
def test_a_parameter_is_shown_as_people_write_it(line: str, shown: str) -> None:
    assert str(parse(of(line)).parameters[-1]) == shown


@pytest.mark.parametrize(
    ("entry", "extremes"),
    [(3, (3,)), ({"choices": [1, 2, 3]}, (1, 2, 3)), ({"low": 0.5, "high": 2.0}, (0.5, 2.0))],
)
def test_the_extremes_are_all_choices_or_both_ends(entry: Any, extremes: tuple[Any, ...]) -> None:
    [parameter] = parse_space({"epochs": 1, "params": {"x": entry}}, "test").parameters
    assert parameter.extremes == extremes


@pytest.mark.parametrize("pair", catalog.names("search_spaces"))
def test_every_space_of_the_catalog_can_be_drawn(pair: str, study: optuna.Study) -> None:
    space = parse(catalog.search_space(*pair.split("-", 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(20):
            assert {"batch_size", "optimizer", "lr"} <= set(space(study.ask()))


@pytest.mark.parametrize(("low", "high"), [(100_001, 100_003), (1, 2), (7, 700)])
def test_the_middle_of_a_range_lies_in_it(low: int, high: int) -> None:
    assert low <= Middle().suggest_int("x", low, high, step=1, log=False) <= high
    assert low <= Middle().suggest_float("x", low, high, step=None, log=True) <= high
