"""Rows to predict: columns by their names, bad rows, unknown categories and true classes."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from support.sample_files import read

from tuner.core.errors import TunerError
from tuner.data.spec import Column, DataSpec
from tuner.training.sample_batches import LARGEST_BATCH
from tuner.training.samples import SampleReader

DATA = DataSpec(
    name="r",
    task="tabular",
    shape=(4,),
    classes=("no", "yes"),
    mean=(0,) * 4,
    std=(1,) * 4,
    columns=(Column(name="age", fill=40), Column(name="Leaf size"), Column(name="kind", categories=("x", "y"))),
    target="bought",
    training_range=((20, 70), (1, 2), (0, 1), (0, 1)),
)


def test_bad_rows_are_named_and_the_others_are_answered(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    samples, reader = read(DATA, file, "age,Leaf size,kind\n30,1.5,x\nabc,1.5,x\n31,1.5\n,1.5,y\n")
    assert samples.names == [f"{file}:2", f"{file}:5"]
    assert samples.inputs.tolist() == [[30, 1.5, 1, 0], [40, 1.5, 0, 1]]
    assert sorted(reader.broken)[0].startswith(f"{file}:3: column 'age' must be a number, got 'abc'")
    assert sorted(reader.broken)[1].startswith(f"{file}:4: 2 cells instead of the 3 of the header")


def test_names_may_differ_in_case_and_spaces_and_other_columns_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    samples, reader = read(DATA, file, "id,KIND,LeafSize,Age\nno 7,x,1.5,30\nno 8,y,1.6,31\n")
    assert samples.inputs.tolist() == [[30, 1.5, 1, 0], [31, 1.6, 0, 1]]
    assert reader.notes() == [
        f"{file}: columns taken by names that differ in case or spaces: 3, such as 'Age' as 'age'",
        f"{file}: 1 column not used by the model: 'id'",
    ]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            "age,leaf_size,kind",
            "there is no column 'Leaf size'; it has 'age', 'leaf_size', 'kind': rename 'leaf_size' if that",
        ),
        ("years,size,kind", "there are no columns 'age', 'Leaf size'; it has 'years', 'size', 'kind'"),
    ],
)
def test_a_missing_column_is_told_with_what_the_file_has(tmp_path: Path, header: str, words: str) -> None:
    with pytest.raises(TunerError) as caught:
        read(DATA, tmp_path / "new.csv", f"{header}\n30,1.5,x\n31,1.5,y\n")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_columns_that_could_be_meant_are_not_guessed_between(tmp_path: Path) -> None:
    with pytest.raises(TunerError, match="there is no column 'age'; it has 'Age', 'AGE', 'Leaf size'"):
        read(DATA, tmp_path / "new.csv", "Age,AGE,Leaf size,kind\n30,31,1.5,x\n31,33,1.5,y\n")


def test_unknown_categories_are_counted_and_named(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    samples, reader = read(
        DATA, file, "age,Leaf size,kind\n30,1.5,mauve\n30,1.5,\n30,1.5,x\n30,1.5,teal\n30,1.5,mauve\n"
    )
    assert [len(notes) for notes in samples.notes] == [1, 0, 0, 1, 1]
    assert str(samples.notes[0][0]) == "a category that training did not have: kind 'mauve'"
    named = "kind 'mauve' (2), kind 'teal' (1)"
    example = f"{file}:2 (kind 'mauve')"
    assert f"3 of 5 rows: a category that training did not have: {named}; such as {example}" in reader.notes()


def test_numbers_beyond_training_are_told(tmp_path: Path) -> None:
    _, reader = read(DATA, tmp_path / "new.csv", "age,Leaf size,kind\n300,1.5,x\n30,150,x\n31,1.5,x\n")
    assert reader.notes() == [
        "2 of 3 rows: a number far outside of what training held: 'age' (1), 'Leaf size' (1); such as "
        f"{tmp_path}/new.csv:2 ('age' is 300, in training 20 to 70)"
    ]


def test_the_target_gives_the_true_classes(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    samples, reader = read(
        DATA, file, "age,Leaf size,kind,bought\n30,1.5,x,yes\n30,1.5,y,NO\n30,1.5,x,\n30,1.5,x,maybe\n"
    )
    assert samples.truths == ["yes", "no", None, None]
    assert reader.notes() == [
        "1 of 4 rows: a 'bought' that is no class of the model, which is left out of the accuracy: 'maybe' (1); such "
        f"as {file}:5 ('maybe')"
    ]


def test_one_file_of_several_may_be_missing(tmp_path: Path) -> None:
    good = tmp_path / "good.csv"
    good.write_text("age,Leaf size,kind\n30,1.5,x\n31,1.4,y\n")
    reader = SampleReader(DATA, [str(tmp_path / "no.csv"), str(good)])
    assert [len(samples.names) for samples in reader] == [2]
    assert reader.broken == [f"{tmp_path}/no.csv: No such file or directory"]


def test_standard_input_is_a_table_too_and_many_rows_come_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "age;Leaf size;kind\n" + "30;1,5;x\n" * (LARGEST_BATCH + 1)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(rows.encode())))
    batches = list(SampleReader(DATA, ["-"]))
    assert [len(samples.names) for samples in batches] == [LARGEST_BATCH, 1]
    assert batches[1].names == [f"-:{LARGEST_BATCH + 2}"]
    assert batches[1].inputs.tolist() == [[30, 1.5, 1, 0]]


def test_errors_of_standard_input_do_not_name_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(TunerError, match=r"^-: "):
        list(SampleReader(DATA, ["-"]))
