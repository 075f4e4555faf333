"""Which files the arguments of predict mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.training.sample_files import FileFinder, SampleFile
from tuner.training.sample_notes import Notes


def make_files(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def find(*arguments: str) -> tuple[list[SampleFile], list[str], list[str]]:
    """The files, the arguments that give none, and the notes."""
    notes = Notes("image")
    finder = FileFinder("image", lambda path: path.suffix == ".png", ("cat", "dog"), notes)
    files = finder.find(arguments)
    return files, finder.missing, notes.lines(len(files))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_files_and_standard_input_are_taken_as_they_are(tmp_path: Path) -> None:
    make_files(tmp_path, "b.jpg", "a[1].png")
    files, missing, notes = find("b.jpg", "-", "nowhere.png", "a[1].png")
    assert [file.name for file in files] == ["b.jpg", "-", "nowhere.png", "a[1].png"]
    assert (missing, notes) == ([], [])


def test_a_folder_gives_its_files_by_name_with_the_classes_of_its_folders(tmp_path: Path) -> None:
    make_files(
        tmp_path, "new/dog/2.png", "new/dog/1.png", "new/Cat/old/1.png", "new/zebra/1.png", "new/dog/.hidden.png"
    )
    make_files(tmp_path, "new/notes.txt", "new/dog/a.heic", "new/dog/b.heic", "new/.git/x.png")
    files, missing, notes = find("new")
    assert files == [
        SampleFile("new/Cat/old/1.png", "cat"),
        SampleFile("new/dog/1.png", "dog"),
        SampleFile("new/dog/2.png", "dog"),
        SampleFile("new/zebra/1.png", None),
    ]
    assert missing == []
    assert notes == [
        "new: files that are not read: 2 .heic, 1 .txt, such as new/dog/a.heic",
        "new: files in no folder of a class, which are left out of the accuracy: 1, such as new/zebra/1.png",
    ]


def test_folders_that_are_no_class_of_the_model_are_told_in_one_line(tmp_path: Path) -> None:
    make_files(tmp_path, *(f"new/{name}/1.png" for name in "gfedcba"), "one/day/1.png", "one/2.png")
    files, missing, notes = find("new", "one")
    assert (len(files), missing) == (9, [])
    assert notes == [
        "new: no folder in it has the name of a class of the model, so that there is no accuracy: "
        "a, b, c, d, e and 2 more",
    ]


def test_a_pattern_means_what_the_shell_would_make_of_it(tmp_path: Path) -> None:
    make_files(tmp_path, "new/cat/1.png", "new/dog/1.png", "new/dog/2.jpg")
    assert [file.name for file in find("new/*/1.png")[0]] == ["new/cat/1.png", "new/dog/1.png"]
    by_shell = find("new/cat", "new/dog")[0]
    assert find("new/*")[0] == by_shell == [SampleFile("new/cat/1.png", "cat"), SampleFile("new/dog/1.png", "dog")]
    assert [file.name for file in find("new/**")[0]] == ["new/cat/1.png", "new/dog/1.png"]
    assert [file.name for file in find(f"{tmp_path}/new/d*/*.jpg")[0]] == [f"{tmp_path}/new/dog/2.jpg"]


def test_what_gives_no_file_is_said(tmp_path: Path) -> None:
    make_files(tmp_path, "texts/a.txt")
    (tmp_path / "empty").mkdir()
    _, missing, _ = find("", "*.gif", "empty", "texts")
    assert missing == [
        "'': an empty name is no file",
        "*.gif: no file matches this pattern",
        "empty: no file in it can be read as images: it is empty",
        "texts: no file in it can be read as images: it has 1 .txt",
    ]


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    make_files(tmp_path, "cat/1.png", "all/0.png")
    (tmp_path / "all" / "cat").symlink_to(tmp_path / "cat")
    (tmp_path / "all" / "self").symlink_to(tmp_path / "all")
    assert find("all")[0] == [SampleFile("all/0.png"), SampleFile("all/cat/1.png", "cat")]
