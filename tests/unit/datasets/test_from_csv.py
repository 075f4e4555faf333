"""A user's own table: what its columns become, and columns that are no classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from support.dataset_files import parts

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.columns import encode_rows
from tuner.data.spec import Splits, moments
from tuner.data.tables import read_table
from tuner.training.classifier import build_classifier


def load(path: Path, target: str | None = "species") -> Splits:
    splits: Splits = catalog.read_format("csv", path, target)
    return splits


def refusal(path: Path, target: str | None = "species") -> str:
    with pytest.raises(TunerError) as error:
        load(path, target)
    message = str(error.value)
    assert "\n" not in message
    return message.removeprefix(f"csv:{path}")


def rows(count: int = 100) -> list[list[str]]:
    rng = np.random.default_rng(0)
    return [
        [f"{rng.normal():.4f}", str(rng.choice(["red", "blue"])), f"id{number}", ["cat", "dog"][number % 2]]
        for number in range(count)
    ]


def write(folder: Path, rows: list[list[str]], header: str = "length,colour,id,species") -> Path:
    path = folder / "My Table.csv"
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]), encoding="utf-8")
    return path


def test_a_table_becomes_features_and_classes(tmp_path: Path) -> None:
    splits = load(write(tmp_path, rows()))
    spec = splits.spec
    assert (spec.name, spec.task, spec.shape, spec.classes) == ("csv_my_table", "tabular", (3,), ("cat", "dog"))
    assert [len(part.targets) for part in parts(splits)] == [64, 16, 20]
    assert [(column.name, column.categories) for column in spec.columns] == [
        ("length", ()),
        ("colour", ("blue", "red")),
    ]
    assert (spec.mean, spec.std) == moments(splits.train.inputs)
    assert splits.notes == ("column 'id' left out: 100 different texts in 100 cells",)


def test_rows_and_classes_stay_together(tmp_path: Path) -> None:
    order = [(number * 37) % 100 for number in range(100)]  # rising numbers would be left out, as row numbers are
    table = [[str(number), "x", "y", ["cat", "dog"][number % 2]] for number in order]
    splits = load(write(tmp_path, table))
    assert [column.name for column in splits.spec.columns] == ["length"]
    seen = []
    for part in parts(splits):
        assert (part.inputs[:, 0] % 2 == part.targets).all()
        seen += part.inputs[:, 0].tolist()
    assert sorted(seen) == list(range(100))


def test_columns_are_fitted_on_the_training_split_alone(tmp_path: Path) -> None:
    table = rows()
    plain = load(write(tmp_path, table))
    training = {row.numpy().tobytes() for row in plain.train.inputs}
    inputs = encode_rows(read_table(tmp_path / "My Table.csv").frame, plain.spec.columns, "here")
    for row, features in zip(table, inputs, strict=True):
        if features.numpy().tobytes() not in training:
            row[0], row[1] = "1e6", "green"  # in validation and test split alone
    changed = load(write(tmp_path, table))
    assert changed.spec == plain.spec
    assert torch.equal(changed.train.inputs, plain.train.inputs)
    assert (changed.test.inputs == torch.tensor([1e6, 0, 0])).all()
    assert (changed.validation.inputs == torch.tensor([1e6, 0, 0])).all()


def test_a_missing_number_is_the_mean_of_the_training_split(tmp_path: Path) -> None:
    table = rows()
    for row in table[::3]:
        row[0] = ""
    splits = load(write(tmp_path, table))
    (column, _) = splits.spec.columns
    values = splits.train.inputs[:, 0]
    known = values[(values - column.fill).abs() > 1e-6]
    assert 10 < len(known) < 60
    assert column.fill == pytest.approx(float(known.mean()), abs=1e-5)


def test_the_prediction_of_a_row_needs_no_target(tmp_path: Path) -> None:
    spec = load(write(tmp_path, rows())).spec
    (tmp_path / "new.csv").write_text("colour;length\nred;0,5 cm\n")
    with pytest.raises(TunerError, match=r"^new.csv, line 2: column 'length' must be a number, got '0,5 cm'$"):
        encode_rows(read_table(tmp_path / "new.csv").frame, spec.columns, "new.csv")
    for content in ("colour;length\nred;0.5\n", "colour;length\nred;0,5\n", 'colour,length\nred,"0.5"\n'):
        (tmp_path / "new.csv").write_text(content)
        assert encode_rows(read_table(tmp_path / "new.csv").frame, spec.columns, "new.csv").tolist() == [[0.5, 0, 1]]


def test_moments_of_a_few_days_stay_apart(tmp_path: Path) -> None:
    """float32 has steps of 128 seconds there."""
    times = [1_760_000_000 + (number * 37) % 100 for number in range(100)]
    splits = load(write(tmp_path, [[str(time), "x", "y", ["cat", "dog"][time % 2]] for time in times]))
    prepared = build_classifier(splits.spec, "lstm", {}).prepare(splits.train.inputs)
    assert prepared.dtype == torch.float32
    assert len(set(prepared.flatten().tolist())) == len(splits.train.targets)
    assert float(prepared.std(correction=0)) == pytest.approx(1, abs=1e-3)


def test_rows_without_a_class_are_skipped_and_counted(tmp_path: Path) -> None:
    table = rows()
    table[3][3] = table[50][3] = " "
    splits = load(write(tmp_path, table))
    assert sum(len(part.targets) for part in parts(splits)) == 98
    assert splits.notes[0] == "2 rows without a 'species' skipped"


def test_spaces_around_classes_are_left_out_and_counted(tmp_path: Path) -> None:
    table = rows()
    table[3][3], table[50][3] = " dog", '"cat "'
    splits = load(write(tmp_path, table))
    told = "2 rows with spaces around the 'species', which are left out, the first in line 5: 'dog'"
    assert (splits.spec.classes, splits.notes[0]) == (("cat", "dog"), told)
    for name in "ab":
        (tmp_path / "parts").mkdir(exist_ok=True)
        write(tmp_path, table).rename(tmp_path / "parts" / f"{name}.csv")
    assert load(tmp_path / "parts").notes[1] == (
        "4 rows with spaces around the 'species', which are left out, the first in line 5 of a.csv: 'dog'"
    )


def test_spaces_of_the_layout_are_not_told(tmp_path: Path) -> None:
    lines = [["length", "colour", "id", "species"], *rows()]
    for join in ("{:9} | {:6} | {:5} | {:7}", "{:9} {:6} {:5} {:7}"):
        (tmp_path / "t.csv").write_text("\n".join(join.format(*row) for row in lines))
        assert not any("spaces" in note for note in load(tmp_path / "t.csv").notes)


def test_a_row_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path) -> None:
    table = rows()
    table[3].append("x")
    path = write(tmp_path, table)
    shown = " ".join(table[3])
    assert len(shown) <= 40
    assert refusal(path) == f"{path}, line 5: 5 cells instead of the 4 of the header: '{shown}'"


def test_what_the_reader_has_to_say_comes_first(tmp_path: Path) -> None:
    path = write(tmp_path, rows(), "length,colour,id,species,")
    assert load(path).notes[0] == "the header ends with a separator too many"


def test_a_table_may_be_a_folder(tmp_path: Path) -> None:
    whole = load(write(tmp_path, rows()))
    (tmp_path / "parts").mkdir()
    for number in range(2):
        write(tmp_path, rows()[50 * number : 50 * number + 50]).rename(tmp_path / "parts" / f"{number}.csv")
    splits = load(tmp_path / "parts")
    assert splits.fingerprint() == whole.fingerprint()
    assert splits.notes[0] == "2 files of one table, from 0.csv to 1.csv"


def test_classes_that_are_numbers_are_in_their_order(tmp_path: Path) -> None:
    table = [[*row[:3], str(number % 12)] for number, row in enumerate(rows(240))]
    splits = load(write(tmp_path, table))
    assert splits.spec.classes == tuple(map(str, range(12)))
    assert torch.bincount(splits.train.targets).tolist() == [13] * 12


def test_a_missing_target_is_answered_with_the_columns(tmp_path: Path) -> None:
    path = write(tmp_path, rows())
    expected = ": name the column to predict: --target with one of 'length', 'colour', 'id', 'species'"
    assert refusal(path, None) == expected
    assert refusal(path, "specis") == ": unknown --target 'specis': did you mean species?"
    assert refusal(path, "y") == ": unknown --target 'y': choose one of colour, id, length, species"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.csv") == f"{tmp_path / 'gone.csv'}: No such file or directory"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["cat"], "1 different value in 100 rows: at least two classes are needed"),
        ([""], "0 different values in 0 rows, and 100 rows without a value: at least two classes are needed"),
        ([f"name{number}" for number in range(100)], "100 different values in 100 rows: choose a column of at most"),
    ],
)
def test_a_column_that_is_none_of_classes_is_refused(tmp_path: Path, values: list[str], reason: str) -> None:
    table = [[*row[:3], values[number % len(values)]] for number, row in enumerate(rows())]
    assert refusal(write(tmp_path, table)).startswith(f": the column 'species' has {reason}")


def test_a_class_with_too_few_rows_is_refused(tmp_path: Path) -> None:
    table = rows()
    table[0][3] = table[1][3] = "newt"
    assert (
        refusal(write(tmp_path, table))
        == ": each class needs at least 3 samples, but 'newt' has 2: add some, or leave it out"
    )


def test_a_table_with_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    expected = ": nothing to learn from: column 'id' left out: 100 different texts in 100 cells"
    assert refusal(write(tmp_path, [row[2:] for row in rows()], "id,species")) == expected
    assert refusal(write(tmp_path, [row[3:] for row in rows()], "species")).endswith("it has no other column")


def test_is_the_same_every_time(tmp_path: Path) -> None:
    path = write(tmp_path, rows())
    first, second = load(path), load(path)
    assert first.spec == second.spec
    assert all(torch.equal(one.inputs, other.inputs) for one, other in zip(parts(first), parts(second), strict=True))
