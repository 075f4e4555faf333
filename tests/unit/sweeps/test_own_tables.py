"""Your own table of numbers to predict, where several options meet: groups, a test table, no MODEL, a best trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.core.callback import Callbacks
from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError
from tuner.core.sweep_request import SweepRequest
from tuner.sweeps.model_choice import with_models

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


def test_a_test_table_of_one_number_is_refused_in_one_line(table: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.csv"
    test.write_text("price,city,rooms,size\n2.5,900,3,4\n2.5,901,4,4\n")
    with pytest.raises(TunerError, match=r"the test split has one number only, 2\.5: scores need two different"):
        with_models(request_of(table, test=str(test)), Callbacks())
