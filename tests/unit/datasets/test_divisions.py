"""Tables that are divided by group, by time, or with a test split of their own."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from support.common import make_config

from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError
from tuner.core.split_record import SplitRecord
from tuner.data.reshuffle import Division
from tuner.data.source import Source
from tuner.data.spec import Splits

HEADER = "patient,day,x,class"
DAYS = [f"2024-{month:02}-{day:02}" for month in range(1, 13) for day in (3, 17)]


def rows(count: int = 240, seed: int = 0) -> list[str]:
    """The number x is another in each row, so that a row is found again by it."""
    rng = random.Random(seed)
    return [f"p{rng.randrange(30)},{rng.choice(DAYS)},{seed * 10_000 + n}.5,{rng.choice('ab')}" for n in range(count)]


def write(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def load(path: Path, **options: str) -> Splits:
    return Source.parse(f"csv:{path}", "class", options=DataOptions(**options)).load()


def refusal(path: Path, **options: str) -> str:
    with pytest.raises(TunerError) as raised:
        load(path, **options)
    return str(raised.value)


def of_rows(splits: Splits, lines: Sequence[str], column: int) -> dict[str, list[str]]:
    """By split the cells of a column, found by the number x, which must be a feature."""
    names = [column.name for column in splits.spec.columns]
    place = sum(column.width for column in splits.spec.columns[: names.index("x")])
    known = {float(line.split(",")[2]): line.split(",")[column] for line in lines}
    parts = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    return {part: [known[x] for x in split.inputs[:, place].tolist()] for part, split in parts.items()}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "t.csv", rows())


class TestGroups:
    def test_no_group_is_on_two_sides_and_the_column_is_no_feature(self, table: Path) -> None:
        splits = load(table, group="patient")
        found = {part: set(groups) for part, groups in of_rows(splits, rows(), 0).items()}
        assert sum(map(len, found.values())) == len(set.union(*found.values())) == 30
        assert "patient" not in [column.name for column in splits.spec.columns]
        assert "column 'patient' divides the rows, and is not learned from" in splits.notes

    def test_what_it_came_to_is_told_and_survives_json(self, table: Path) -> None:
        record = load(table, group="patient").record
        assert record is not None
        assert sum(part.samples for part in record.parts.values()) == 240
        assert sum(part.groups or 0 for part in record.parts.values()) == 30
        assert record.lines()[0] == "split by group ('patient')"
        assert SplitRecord.from_json(record.to_json()) == record
        assert 30 <= record.parts["test"].samples <= 66  # about a fifth

    def test_classes_keep_their_shares(self, tmp_path: Path) -> None:
        lines = [f"p{n // 4},{DAYS[0]},{n}.5,{'a' if n % 4 else 'b'}" for n in range(400)]
        record = load(write(tmp_path / "t.csv", lines), group="patient").record
        assert record is not None
        for part in record.parts.values():
            assert part.classes[1] / part.samples == pytest.approx(0.25)

    def test_rows_without_a_group_are_left_out_and_told(self, tmp_path: Path) -> None:
        lines = [line.replace("p7,", ",") for line in rows()]
        without = sum(line.startswith(",") for line in lines)
        splits = load(write(tmp_path / "t.csv", lines), group="patient")
        assert f"{without} rows without a 'patient' skipped" in splits.notes
        assert sum(len(split.targets) for split in (splits.train, splits.validation, splits.test)) == 240 - without

    def test_a_group_for_each_row_changes_nothing_and_says_so(self, tmp_path: Path) -> None:
        lines = [f"p{n},{line.split(',', 1)[1]}" for n, line in enumerate(rows())]
        path = write(tmp_path / "t.csv", lines)
        splits = load(path, group="patient")
        note = "--group patient: each sample is a group of its own, so that grouping changes nothing"
        assert note in splits.notes
        plain = load(path)  # a name for each row is no category, so that the features are the same but for the day
        assert torch.equal(splits.test.targets, plain.test.targets)

    def test_too_few_groups_and_other_mistakes_are_one_line(self, tmp_path: Path, table: Path) -> None:
        two = write(tmp_path / "two.csv", [line.replace("p", "p1")[:2] + line[line.index(",") :] for line in rows()])
        assert refusal(two, group="patient").endswith(
            "--group patient: 1 group cannot be divided into 3 parts: give another column"
        )
        assert refusal(table, group="doctor").endswith("unknown --group 'doctor': choose one of class, day, patient, x")
        assert "give one of them" in refusal(table, group="patient", time="day")
        empty = write(tmp_path / "e.csv", [f",{line.split(',', 1)[1]}" for line in rows()])
        assert refusal(empty, group="patient").endswith("the column 'patient' is empty in 240 of 240 rows")

    def test_a_class_in_one_group_is_trained_on(self, tmp_path: Path) -> None:
        lines = [f"p{n // 10},{DAYS[0]},{n}.5,{'c' if n < 10 else 'ab'[n % 2]}" for n in range(100)]
        path = write(tmp_path / "t.csv", lines)
        record = load(path, group="patient").record
        assert record is not None
        assert record.parts["train"].classes[2] == 10  # it can only be trained on

    def test_divided_anew_and_in_folds_no_group_is_torn_apart(self, table: Path) -> None:
        splits = load(table, group="patient")
        assert splits.groups is not None
        place = splits.spec.shape[0] - 1  # of x
        numbers = torch.cat([splits.train.inputs, splits.validation.inputs])[:, place].tolist()
        group_of = dict(zip(numbers, splits.groups.tolist(), strict=True))
        validated = []
        divisions = [Division(seed) for seed in range(3)] + [Division(5, fold, 4) for fold in range(4)]
        for division in divisions:
            train, validation = division.of(splits.train, splits.validation, splits.groups)
            assert len(train.targets) + len(validation.targets) == len(numbers)
            sides = [{group_of[x] for x in split.inputs[:, place].tolist()} for split in (train, validation)]
            assert not sides[0] & sides[1]
            assert sides[1]
            validated += validation.inputs[:, place].tolist() if division.folds else []
        assert sorted(validated) == sorted(numbers)

    def test_a_subsample_keeps_the_groups_of_its_samples(self, table: Path) -> None:
        splits = load(table, group="patient")
        assert splits.groups is not None
        few = splits.limit(60)
        assert few.groups is not None
        of_row = {
            tuple(row): group
            for row, group in zip(
                torch.cat([splits.train.inputs, splits.validation.inputs]).tolist(), splits.groups.tolist(), strict=True
            )
        }
        kept = torch.cat([few.train.inputs, few.validation.inputs]).tolist()
        assert [of_row[tuple(row)] for row in kept] == few.groups.tolist()


class TestTime:
    def test_validation_is_later_than_training_and_test_is_last(self, table: Path) -> None:
        splits = load(table, time="day")
        found = of_rows(splits, rows(), 1)
        assert max(found["train"]) < min(found["validation"]) <= max(found["validation"]) < min(found["test"])
        record = splits.record
        assert record is not None
        assert (record.parts["train"].first, record.parts["test"].last) == (min(DAYS), max(DAYS))
        assert record.parts["validation"].first == min(found["validation"])
        assert "day" not in [column.name for column in splits.spec.columns]

    def test_numbers_are_moments_too_and_words_are_not(self, tmp_path: Path, table: Path) -> None:
        years = [line.replace("2024-", "20").replace("-", "") for line in rows()]
        found = of_rows(load(write(tmp_path / "t.csv", years), time="day"), years, 1)
        assert max(found["train"]) < min(found["validation"])
        must = "--time patient: it must hold dates such as 2025-01-31, or numbers, and has"
        assert must in refusal(table, time="patient")

    def test_too_few_moments_are_refused(self, tmp_path: Path) -> None:
        lines = [f"p1,{DAYS[n % 2]},{n}.5,{'ab'[n % 3 % 2]}" for n in range(60)]
        assert refusal(write(tmp_path / "t.csv", lines), time="day").endswith(
            "--time day: 2 moments cannot be divided into 3 parts: give another column"
        )

    def test_a_class_that_comes_later_is_refused(self, tmp_path: Path) -> None:
        lines = [f"p1,{DAYS[n % 20]},{n}.5,{'c' if n % 20 > 16 else 'ab'[n % 3 % 2]}" for n in range(200)]
        assert "training would have no sample of 'c'" in refusal(write(tmp_path / "t.csv", lines), time="day")


class TestOwnTestSplit:
    def test_it_is_the_test_split_and_nothing_is_held_out_for_one(self, tmp_path: Path, table: Path) -> None:
        more = rows(50, seed=1)
        splits = load(table, test=str(write(tmp_path / "test.csv", more)))
        assert of_rows(splits, [*rows(), *more], 3)["test"] == [line[-1] for line in more]
        assert (len(splits.train.targets), len(splits.validation.targets)) == (192, 48)

    def test_other_columns_and_classes_are_refused(self, tmp_path: Path, table: Path) -> None:
        test = tmp_path / "test.csv"
        test.write_text("patient,x,class\np1,1.5,a\np1,2.5,b\n")
        assert refusal(table, test=str(test)) == (
            f"--test {test}: it has no 'day', and must have the columns of the other table; "
            "it has 'patient', 'x', 'class'"
        )
        write(test, ["p1,2024-01-03,1.5,a", "p1,2024-01-03,2.5,z"])
        assert refusal(table, test=str(test)).startswith(f"--test {test}: the class 'z' is in no row of csv:{table}")

    def test_it_shares_no_group_and_is_later(self, tmp_path: Path, table: Path) -> None:
        test = write(tmp_path / "test.csv", rows(50, seed=1))
        assert "are in train and in test, such as" in refusal(table, test=str(test), group="patient")
        assert "it begins at 2024-01-03, and what is trained on ends at 2024-12-17" in refusal(
            table, test=str(test), time="day"
        )
        write(test, [line.replace("2024", "2025").replace("p", "q") for line in rows(50, seed=1)])
        for option, value in {"group": "patient", "time": "day"}.items():
            record = load(table, test=str(test), **{option: value}).record
            assert record is not None
            assert (record.parts["test"].samples, record.test) == (50, str(test))


def test_options_are_for_own_data_of_their_kind() -> None:
    with pytest.raises(TunerError, match=r"^--group x: digits has splits of its own: the option is for csv:PATH, "):
        Source.parse("digits", None, options=DataOptions(group="x"))


def test_the_words_of_before_for_test_are_answered() -> None:
    with pytest.raises(TunerError, match=r"^--test mean: it names a test split now: write --test-by mean$"):
        Source.parse("digits", None, options=DataOptions(test="mean"))


def test_numbers_to_predict_are_divided_alike(tmp_path: Path) -> None:
    lines = [line.rsplit(",", 1)[0] + f",{n * 7 % 101}.25" for n, line in enumerate(rows())]
    path = write(tmp_path / "t.csv", lines)
    found = of_rows(load(path, group="patient"), lines, 0)
    assert not set(found["train"]) & (set(found["validation"]) | set(found["test"]))
    later = load(path, time="day")
    days = of_rows(later, lines, 1)
    assert max(days["train"]) < min(days["validation"])
    assert later.record is not None
    assert later.record.lines()[1].endswith(f"from {min(DAYS)} to {max(days['train'])}")
    train, validation = Division(1).of(
        later.train, later.validation, torch.arange(len(days["train"] + days["validation"])) % 9
    )
    assert len(validation.targets) > 0
    assert len(train.targets) + len(validation.targets) == len(later.train.targets) + len(later.validation.targets)


def test_a_sweep_of_an_earlier_version_has_no_options() -> None:
    config = make_config()
    assert (config.reading, config.data_options, config.division) == (DataOptions(), [], None)
