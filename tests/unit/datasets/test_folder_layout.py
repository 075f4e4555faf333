"""Folders of images as people and programs lay them out: what is read, and what is said about the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.image_folders import counts, load, refusal, write


@pytest.fixture
def folder(tmp_path: Path, caches: Path) -> Path:
    return tmp_path / "photos"


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("Training", "Validation", "Testing"),
        ("TRAIN", "Dev", "TEST"),
        ("train", "eval", "test"),
        ("training_set", "valid", "test_set"),
        ("seg_train/seg_train", "val", "seg_test/seg_test"),
        ("train/images", "val/images", "test/images"),
        ("Entrenamiento", "Validacio\u0301n", "Prueba"),
        ("\u8bad\u7ec3\u96c6", "\u9a8c\u8bc1\u96c6", "\u6d4b\u8bd5\u96c6"),
    ],
)
def test_the_usual_names_of_parts_are_known_in_any_case(folder: Path, train: str, validation: str, test: str) -> None:
    for part, count in ((train, 4), (validation, 3), (test, 2)):
        write(folder / part, "cat", "dog", count=count)
    splits = load(folder)
    assert counts(splits) == [[4, 4], [3, 3], [2, 2]]
    assert splits.notes == ()


@pytest.mark.parametrize("place", ["test", "Test1", "test/images", "test/unknown", "test/test"])
def test_test_images_without_classes_are_left_for_predictions(folder: Path, place: str) -> None:
    write(folder / "train", "a", "b")
    write(folder, place, count=4)
    splits = load(folder)
    assert counts(splits) == [[3, 3], [1, 1], [1, 1]]
    name = place.split("/", maxsplit=1)[0]
    assert splits.notes == (
        f"{name} has 4 images without folders of classes: not read, a test split is held out of train; the model can "
        "answer for them later: tuner predict",
    )


def test_an_empty_part_is_held_out(folder: Path) -> None:
    write(folder / "train", "a", "b")
    (folder / "val").mkdir()
    splits = load(folder)
    assert counts(splits) == [[3, 3], [1, 1], [1, 1]]
    assert splits.notes == ("val holds no image: a validation split is held out of train",)


def test_a_part_may_lack_a_class(folder: Path) -> None:
    write(folder / "train", "a", "b", "c")
    write(folder / "test", "a", "b", count=2)
    splits = load(folder)
    assert counts(splits) == [[4, 4, 4], [1, 1, 1], [2, 2, 0]]
    assert splits.notes == ("the test images have none of 'c': scores there are of the other classes",)


def test_classes_of_parts_may_differ_in_case(folder: Path) -> None:
    write(folder / "train", "Cat", "guinea_pig")
    write(folder / "test", "cat", "Guinea Pig", count=2)
    splits = load(folder)
    assert counts(splits)[2] == [2, 2]
    assert "test/cat is read as the class 'Cat' of train" in splits.notes


def test_an_archive_may_hold_its_folder_once_more(folder: Path) -> None:
    write(folder / "photos" / "photos", "a", "b")
    write(folder, "__MACOSX/photos", count=1)
    (folder / "README.txt").write_text("about")
    splits = load(folder)
    assert splits.spec.classes == ("a", "b")
    assert splits.notes[0] == "read from photos/photos, the only folder with images in it"


def test_images_deeper_than_the_folder_of_their_class_are_taken(folder: Path) -> None:
    write(folder, "a/spring", "a/autumn", "b/images", "b")
    (folder / "a" / "around").symlink_to(folder)
    splits = load(folder)
    assert sum(map(sum, counts(splits))) == 20
    assert splits.notes == (
        "15 images taken from folders within that of their class, such as a/autumn/0.png",
        "1 link skipped: back to a folder around, such as a/around",
    )


def test_the_same_folders_within_each_class_may_be_the_classes(folder: Path) -> None:
    write(folder, "Nord/oak", "Nord/elm", "Syd/oak", "Syd/elm")
    assert load(folder).notes == (
        "20 images taken from folders within that of their class, such as Nord/elm/0.png; if elm and oak are the "
        "classes, and 'Nord' and 'Syd' parts of the data, name the parts train, val and test",
    )


def test_masks_beside_images_are_no_images_of_a_class(folder: Path) -> None:
    write(folder, "a/images", "a/masks", "b/images", "b/masks")
    splits = load(folder)
    assert sum(map(sum, counts(splits))) == 10
    assert "10 images skipped: masks beside images, such as a/masks/0.png" in splits.notes


def test_what_is_not_read_is_counted_by_kind(folder: Path) -> None:
    write(folder, "a", "b")
    write(folder, "", count=2)
    for name in ("a/1.heic", "b/2.HEIC", "b/notes", "Thumbs.db", "b/._1.jpg"):
        (folder / name).write_bytes(b"?")
    (folder / "a" / "gone.jpg").symlink_to("nowhere.jpg")
    (folder / "empty class").mkdir()
    assert load(folder).notes == (
        "2 .heic: not a format that is read: save them as PNG or JPEG, such as a/1.heic",
        "1 without an ending: no image, such as b/notes",
        "1 folder skipped: no image in it, such as empty class",
        "2 hidden files or folders skipped, such as Thumbs.db",
        "2 images skipped: in no class's folder, such as 0.png",
        "1 link skipped: nothing is there that it leads to, such as a/gone.jpg",
    )


def test_other_folders_beside_parts_are_told(folder: Path) -> None:
    write(folder / "train", "a", "b")
    write(folder, "pred")
    expected = "1 folder skipped: neither training, validation nor test images, by their names, such as pred"
    assert load(folder).notes == (expected,)


def test_parts_alone_are_no_classes(folder: Path) -> None:
    write(folder, "train", "test")
    assert refusal(folder).startswith("test and train hold images, and no folder says their classes: ")


def test_a_part_of_training_images_by_another_name_is_not_a_class(folder: Path) -> None:
    write(folder / "photos1", "cat", "dog")
    write(folder / "test", "cat", "dog")
    expected = "photos1 and test both hold cat and dog: call the folder of the training images train"
    assert refusal(folder) == expected


@pytest.mark.parametrize(
    ("outer", "inner"),
    [(("fold_1", "fold_2", "fold_3"), ("cat", "dog")), (("colour", "segmented"), ("apple", "corn", "grape"))],
)
def test_folds_and_versions_are_no_classes(folder: Path, outer: tuple[str, ...], inner: tuple[str, ...]) -> None:
    write(folder, *(f"{name}/{of_class}" for name in outer for of_class in inner), count=2)
    assert refusal(folder) == (
        f"{outer[0]} and {outer[1]} both hold {inner[0]} and {inner[1]}: which are the classes? Name one folder, or "
        "put all of a class into one folder"
    )


def test_the_only_folder_with_images_is_the_one_that_is_meant(folder: Path) -> None:
    write(folder / "images", "001.Albatross", "002.Finch")
    for name in ("parts", "attributes"):
        (folder / name).mkdir()
        (folder / name / "list.txt").write_text("1")
    splits = load(folder)
    assert splits.spec.classes == ("001.Albatross", "002.Finch")
    assert splits.notes == ("read from images, the only folder with images in it",)


def test_training_images_may_lie_beside_the_other_parts(folder: Path) -> None:
    write(folder, "cat", "dog")
    write(folder / "test", "cat", "dog", count=2)
    write(folder, "val", count=3)
    splits = load(folder)
    assert splits.spec.classes == ("cat", "dog")
    assert counts(splits) == [[4, 4], [1, 1], [2, 2]]
    assert splits.notes == (
        "val has 3 images without folders of classes: not read, a validation split is held out of train",
    )


def test_a_class_that_is_called_like_a_part_is_told(folder: Path) -> None:
    write(folder, "cat", "dog", "test")
    splits = load(folder)
    assert splits.spec.classes == ("cat", "dog", "test")
    expected = "'test' counts as a class beside the others: rename the folder if it holds images of them"
    assert splits.notes == (expected,)


def test_classes_that_may_be_one_are_told(folder: Path) -> None:
    write(folder, "Cat", "cat", "dog")
    assert load(folder).notes == ("'Cat' and 'cat' are two classes: is it one by two names?",)


def test_folders_that_do_not_say_what_images_show_are_no_classes(folder: Path) -> None:
    write(folder, "images", "annotations/trimaps")
    assert refusal(folder).startswith("annotations and images hold images, and no folder says their classes: ")


def test_an_archive_is_no_folder(folder: Path) -> None:
    folder.write_bytes(b"PK")
    assert refusal(folder) == "is a file: unpack it, and name the folder"
