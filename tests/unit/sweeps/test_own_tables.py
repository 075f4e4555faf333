"""Your own table of numbers to predict, where several options meet: groups, a test table, no MODEL, a best trial."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.common import make_config
from support.made_up_search import begin, report_of

from tuner.core.budgets import BudgetRequest
from tuner.core.callback import Callbacks
from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError
from tuner.core.sweep_request import SweepRequest
from tuner.data.source import Source
from tuner.sweeps.inputs import SweepInputs
from tuner.sweeps.model_choice import with_models
from tuner.sweeps.single_trial import repeat_trial, single_trial

ROWS = [f"{0.37 * row * row % 11:.3f},{row // 4},{row % 7},{row}" for row in range(120)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "houses.csv"
    file.write_text("\n".join(["price,city,rooms,size", *ROWS]))
    return file


def request_of(table: Path, **options: str) -> SweepRequest:
    return SweepRequest(dataset=f"csv:{table}", target="price", options=DataOptions(**options))


def test_without_a_model_the_data_are_read_and_divided_as_asked(table: Path) -> None:
    asked, splits = with_models(request_of(table, group="city"), Callbacks())
    assert "mlp" in asked.model
    assert splits is not None
    assert splits.groups is not None
    assert "city" not in [column.name for column in splits.spec.columns]
    _, splits = with_models(SweepRequest(dataset=f"csv:{table}", target="rooms", task="regression"), Callbacks())
    assert splits is not None
    assert splits.spec.number is not None


def test_a_target_score_is_named_for_both_kinds_until_the_column_decides(table: Path) -> None:
    asked = replace(request_of(table), budgets=BudgetRequest(target_score=1.5))
    with pytest.raises(TunerError, match=r"--target-score 1\.5: give a val_accuracy or val_r2 above 0 and at most 1"):
        asked.check()
    with pytest.raises(TunerError, match=r"--target-score 1\.5: give a val_r2 above 0"):
        replace(asked, task="regression").check()


def test_what_is_predicted_cannot_divide_the_rows(table: Path) -> None:
    for option in ("group", "time"):
        with pytest.raises(TunerError, match=rf"--target and --{option} name the same column, 'price': give another"):
            Source.asked(request_of(table, **{option: "price"})).load()


def test_a_test_table_of_one_number_is_refused_in_one_line(table: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.csv"
    test.write_text("price,city,rooms,size\n2.5,900,3,4\n2.5,901,4,4\n")
    with pytest.raises(TunerError, match=r"the test split has one number only, 2\.5: scores need two different"):
        with_models(request_of(table, test=str(test)), Callbacks())


@pytest.fixture
def swept(table: Path, tmp_path: Path) -> Path:
    """A home with a sweep `numbers` of one trial, which predicts the prices."""
    home = tmp_path / "home"
    config = make_config(
        name="numbers",
        dataset=f"csv:{table}",
        model="mlp",
        target="price",
        task="regression",
        objective="val_r2:max",
        options={"group": "city"},
        trials=1,
        epochs=1,
        space={"epochs": 1, "params": {"lr": 0.1}},
    )
    (home / "numbers").mkdir(parents=True)
    config.save(home / "numbers")
    controller, _ = begin(config, home / "numbers")
    controller.next_trial()
    controller.on_report(0, report_of(1, 0.5, val_r2=0.5, train_r2=0.6))
    return home


def test_parameters_of_numbers_serve_classes_too_which_have_their_own_score(table: Path, swept: Path) -> None:
    rooms = SweepRequest(dataset=f"csv:{table}", target="rooms", model="mlp")
    asked = single_trial(rooms, swept, "numbers")
    assert (asked.fixed or {})["params"]["lr"] == 0.1
    assert asked.objective is None


def test_who_repeats_a_trial_on_another_target_is_told_what_it_was(table: Path, swept: Path) -> None:
    asked = SweepRequest(dataset=f"csv:{table}", target="price", model="mlp", task="classification")
    with pytest.raises(TunerError, match=r"houses\.csv --target price --task regression --group city$"):
        repeat_trial(asked, swept, "numbers/0")


def test_of_what_was_divided_a_limit_says_how_much_it_takes(table: Path) -> None:
    splits = Source.asked(request_of(table, group="city")).load(40)
    assert splits.groups is not None
    assert len(splits.groups) == len(splits.train.targets) + len(splits.validation.targets) <= 40
    taken = f"--limit takes {len(splits.train.targets)} of these training samples"
    assert any(taken in note for note in SweepInputs(splits, {}).notes)
