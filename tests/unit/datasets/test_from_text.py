"""A user's own texts: in a column of a table, or in folders of files."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError
from tuner.data.encoding import sentence
from tuner.data.source import Source
from tuner.data.spec import Splits

Row = tuple[str, str, str]


def rows(count: int = 100) -> list[Row]:
    words = {"good": "fine lovely bright", "bad": "dull weak sad"}
    classes = ["good" if n % 2 else "bad" for n in range(count)]
    return [(f"A film, {words[name]} one, number {n}", name, f"f{n // 4}") for n, name in enumerate(classes)]


def write(path: Path, lines: Sequence[Row]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(
            [("Review", "stars", "film"), *lines]
        )
    return path


def load(path: Path, target: str | None = "stars", **options: str) -> Splits:
    return Source.parse(f"text:{path}", target, options=DataOptions(**options)).load()


def refusal(path: Path, target: str | None = "stars", **options: str) -> str:
    with pytest.raises(TunerError) as raised:
        load(path, target, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("name", ["reviews.csv", "reviews.tsv"])
def test_a_column_of_texts(tmp_path: Path, name: str) -> None:
    splits = load(write(tmp_path / name, rows()), text="Review")
    spec = splits.spec
    assert (spec.name, spec.task, spec.classes) == ("text_reviews_stars", "text", ("bad", "good"))
    assert (spec.text, spec.target) == ("Review", "stars")
    assert [len(split.targets) for split in (splits.train, splits.validation, splits.test)] == [64, 16, 20]
    assert spec.shape == (8,)  # the longest text of training
    assert sentence(spec, splits.train.inputs[0]).startswith("a film dull weak sad one number")


def test_words_come_from_training_and_occur_twice(tmp_path: Path) -> None:
    splits = load(write(tmp_path / "r.csv", rows()), text="Review")
    assert not any(word.isdigit() for word in splits.spec.vocabulary)  # each number is in one text
    assert int((splits.train.inputs == 1).sum()) == len(splits.train.targets)  # so it is unknown, once in each


def test_parquet_and_workbooks_are_read_as_tables_are(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame(rows(), columns=["Review", "stars", "film"])
    frame.to_parquet(tmp_path / "r.parquet")
    frame.to_excel(tmp_path / "r.xlsx", index=False)
    expected = load(write(tmp_path / "r.csv", rows()), text="Review")
    for name in ("r.parquet", "r.xlsx"):
        found = load(tmp_path / name, text="Review")
        assert (found.spec.name, found.fingerprint()) == ("text_r_stars", expected.fingerprint())


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    lines = [*rows(), ("", "good", "f1"), ("...", "bad", "f1"), ("no class", "", "f1")]
    notes = load(write(tmp_path / "r.csv", lines), text="Review").notes
    assert "2 rows without a word in 'Review' skipped" in notes
    assert "1 row without a 'stars' skipped" in notes
    assert "not learned from: 'film'" in notes


def test_texts_in_two_splits_are_told(tmp_path: Path) -> None:
    lines = [(text.rpartition(",")[0], name, film) for text, name, film in rows()]
    told = [note for note in load(write(tmp_path / "r.csv", lines), text="Review").notes if "too good" in note]
    assert len(told) == 1
    assert "of the test split" in told[0]


def test_groups_of_texts_stay_together(tmp_path: Path) -> None:
    record = load(write(tmp_path / "r.csv", rows()), text="Review", group="film").record
    assert record is not None
    assert sum(part.groups or 0 for part in record.parts.values()) == 25


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", [(text, name, str(n)) for n, (text, name, _) in enumerate(rows())])
    assert refusal(path).endswith("name the column with the texts: --text with one of 'Review', 'film'")
    assert refusal(path, text="film").endswith(
        "--text film: it holds numbers such as '0', not texts: csv:PATH learns from those"
    )
    assert refusal(path, text="review").endswith("unknown --text 'review': did you mean Review?")
    assert "name the column to predict: --target" in refusal(path, None, text="Review")
    empty = write(tmp_path / "e.csv", [("", name, film) for _, name, film in rows()])
    assert "text" in refusal(empty, text="Review")
    lines = tmp_path / "r.jsonl"
    lines.write_text('{"Review": "a", "stars": 1}\n{"Review": "b", "stars": 2}\n')
    assert "lines of JSON: write it as .csv" in refusal(lines, text="Review")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part, count in (("train", 40), ("test", 10)):
        for number in range(count):
            text, name, _ = rows()[number]
            path = tmp_path / "mine" / part / name / f"{number // 4}_{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return tmp_path / "mine"


class TestFolders:
    def test_with_a_test_split_of_its_own(self, folder: Path) -> None:
        (folder / "train" / "unsup").mkdir()
        (folder / "train" / "unsup" / "1.txt").write_text("of no class")
        (folder / "train" / "good" / "empty.txt").write_text(" \n")
        splits = load(folder, None)
        assert (splits.spec.name, splits.spec.classes) == ("text_mine", ("bad", "good"))
        assert [len(split.targets) for split in (splits.train, splits.validation, splits.test)] == [32, 8, 10]
        assert "1 empty file skipped" in splits.notes
        assert "train: 1 text in no class passed over" in splits.notes

    def test_classes_alone_are_divided(self, folder: Path) -> None:
        splits = load(folder / "train", None)
        assert [len(split.targets) for split in (splits.train, splits.validation, splits.test)] == [26, 6, 8]

    def test_groups_by_the_names_of_files(self, folder: Path) -> None:
        record = load(folder / "train", None, group=r"(\d+)_").record
        assert record is not None
        assert sum(part.groups or 0 for part in record.parts.values()) == 10
        assert "no such part in their path" in refusal(folder / "train", None, group="film(.)")
        assert "no regular expression" in refusal(folder / "train", None, group="(")
        assert "are in train and in test, such as '0'" in refusal(folder, None, group=r"(\d+)_")

    def test_what_is_no_folder_of_texts_is_refused(self, folder: Path) -> None:
        assert "needs a folder of .txt files for each of two or more classes, and has none" in refusal(
            folder / "train" / "good", None
        )
        assert "files of texts have no column" in refusal(folder, None, time="day")

    def test_the_same_samples_each_time(self, folder: Path) -> None:
        first, again = load(folder, None), load(folder, None)
        assert torch.equal(first.train.inputs, again.train.inputs)
        assert first.fingerprint() == again.fingerprint()
