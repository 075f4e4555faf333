"""A table of names and classes beside images, as Kaggle and others hand it out."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.dataset_files import noise
from support.image_folders import counts, load, refusal


@pytest.fixture
def folder(tmp_path: Path, caches: Path) -> Path:
    return tmp_path / "whales"


def images(folder: Path, count: int = 12, first: int = 0) -> None:
    for number in range(count):
        noise(folder / f"{number}.png", first + number, (12, 12))


def table(path: Path, header: str, *rows: str) -> None:
    path.write_text("\n".join([header, *rows]) + "\n")


def test_the_layout_of_kaggle(folder: Path) -> None:
    images(folder / "train")
    images(folder / "test", 3, 100)
    table(folder / "train.csv", "id,label", *(f"{number},{'ab'[number % 2]}" for number in range(12)))
    table(folder / "sample_submission.csv", "id,label", "0,a", "1,a", "2,a")
    splits = load(folder)
    assert splits.spec.classes == ("a", "b")
    assert sum(map(sum, counts(splits))) == 12
    assert splits.notes == (
        "classes read from the column 'label' of train.csv, images from 'id'",
        "3 images not named in train.csv: not read, such as test/0.png; the model can answer for them later: tuner "
        "predict",
        "1 .csv: no image, such as sample_submission.csv",
    )


def test_other_columns_and_doubtful_rows_are_passed_over_and_told(folder: Path) -> None:
    images(folder / "images")
    rows = [f"{number}.png,{number % 4},{'ab'[number % 2]}" for number in range(11)]
    table(folder / "labels.csv", "file,number,label", *rows, "gone.png,3,a", "5.png,3,b", "6.png,3,b", "7.png,3,")
    splits = load(folder)
    assert sum(map(sum, counts(splits))) == 10
    assert splits.notes == (
        "classes read from the column 'label' of labels.csv, images from 'file'",
        "1 of 15 rows of labels.csv name no image that is there, such as gone.png",
        "1 of 15 rows of labels.csv have no class, such as 7.png",
        "1 image skipped: more than one class in labels.csv, such as images/6.png",
        "1 image not named in labels.csv: not read, such as images/11.png; the model can answer for them later: tuner "
        "predict",
    )


def test_a_column_may_tell_the_splits_and_paths_may_be_those_of_windows(folder: Path) -> None:
    images(folder / "imgs")
    where = ["training"] * 6 + ["val"] * 2 + ["Test"] * 4
    rows = [f"C:\\data\\imgs\\{number}.png;{'ab'[number % 2]};{part}" for number, part in enumerate(where)]
    table(folder / "meta.csv", "filepath;species;split", *rows)
    assert counts(load(folder)) == [[3, 3], [1, 1], [2, 2]]


def test_a_table_for_each_split(folder: Path) -> None:
    for part, count in (("train", 6), ("val", 2), ("test", 4)):
        images(folder / part, count, 100 * count)
        rows = (f"{number}.png,{'ab'[number % 2]}" for number in range(count))
        table(folder / f"{part}.csv", "filename,class", *rows)
    assert counts(load(folder)) == [[3, 3], [1, 1], [2, 2]]


def test_a_column_for_each_class(folder: Path) -> None:
    images(folder / "images")
    rows = (f"{n}.png,{float(n % 3 == 0)},{float(n % 3 == 1)},{float(n % 3 == 2)}" for n in range(12))
    table(folder / "truth.csv", "image,MEL,NV,BCC", *rows)
    assert load(folder).spec.classes == ("BCC", "MEL", "NV")


def test_folders_called_after_images_are_no_classes_where_a_table_is(folder: Path) -> None:
    images(folder / "images_001", 6)
    for number in range(6, 12):
        noise(folder / "images_002" / f"{number}.png", number, (12, 12))
    rows = (f"{number}.png,{'ab'[number % 2]},{number}" for number in range(12))
    table(folder / "Data_Entry.csv", "Image Index,Finding Labels,Age", *rows)
    assert load(folder).spec.classes == ("a", "b")


def test_paths_tell_images_better_than_numbers(folder: Path) -> None:
    images(folder / "images")
    rows = (f"{n},{'ab'[n % 2]},{n + 100},/data/upload/1/{n}.png" for n in range(12))
    table(folder / "project-1.csv", "annotation_id,choice,id,image", *rows)
    first = "classes read from the column 'choice' of project-1.csv, images from 'image'"
    assert load(folder).notes == (first,)


def test_a_table_that_may_mean_several_columns_is_refused(folder: Path) -> None:
    images(folder / "images")
    table(folder / "meta.csv", "file,colour,size", *(f"{number}.png,red,{number % 3}" for number in range(12)))
    assert refusal(folder) == "meta.csv has the columns 'colour', 'size': call the one with the classes 'label'"


def test_a_table_of_boxes_is_refused(folder: Path) -> None:
    images(folder / "train")
    table(folder / "train.csv", "image_id,bbox", *(f'{number},"[1, 2, 3, 4]"' for number in range(12)))
    assert refusal(folder).startswith("train.csv has boxes or outlines of objects in images, ")


def test_is_read_again_when_the_table_changes(folder: Path) -> None:
    images(folder / "images")
    for first in "ac":
        table(folder / "labels.csv", "file,label", *(f"{n}.png,{(first + 'b')[n % 2] * 2}" for n in range(12)))
        assert load(folder).spec.classes[0] in (first * 2, "bb")
    assert load(folder).spec.classes == ("bb", "cc")
