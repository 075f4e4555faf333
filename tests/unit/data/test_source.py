"""What DATASET on the command line means."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.source import Source


def refusal(text: str, target: str | None = None) -> str:
    with pytest.raises(TunerError) as caught:
        Source.parse(text, target)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_name_of_the_catalog_is_itself() -> None:
    source = Source.parse("digits", None)
    assert source == Source("digits")
    assert source.name == "digits"
    assert source.load().spec.name == "digits"
    assert len(source.load(100).train.targets) < 100


def test_the_formats_are_no_datasets_and_no_path_is_needed_to_list_them() -> None:
    assert catalog.formats() == ["csv", "folder", "text"]
    assert not {"from_csv", "from_folder"} & set(catalog.names("datasets"))
    assert all(catalog.format_summary(name) for name in catalog.formats())


@pytest.mark.parametrize(
    ("path", "name"),
    [("My Cats!", "folder_my_cats"), ("a.b", "folder_a_b"), ("ÄÖ", "folder_ao_6641ae"), ("cifar10", "folder_cifar10")],
)
def test_own_data_is_named_after_its_folder_and_never_like_a_dataset(path: str, name: str, tmp_path: Path) -> None:
    (tmp_path / path).mkdir()
    source = Source.parse(f"folder:{path}", None)  # the tests work in tmp_path
    assert source.dataset == f"folder:{tmp_path / path}"
    assert source.name == name


def test_a_table_is_read_by_its_absolute_path_and_carries_its_name(tmp_path: Path) -> None:
    rows = [f"{60 - n},{n % 7},{'yes' if n % 3 else 'no'}" for n in range(60)]
    (tmp_path / "my table.csv").write_text("\n".join(["a,b,answer", *rows]))
    splits = Source.parse("csv:my table.csv", "answer").load()
    assert splits.spec.name == "csv_my_table_answer"
    assert splits.spec.classes == ("no", "yes")
    assert [column.name for column in splits.spec.columns] == ["a", "b"]


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    assert refusal("digit") == "unknown dataset 'digit': did you mean digits?"
    known = "csv:PATH or folder:PATH or text:PATH or torchvision:NAME or openml:NAME"
    assert refusal("zip:x") == f"unknown dataset 'zip:x': give a name from tuner list, or {known}"
    forms = "folder:. for images in folders, text:. for texts, csv:. for tables"
    assert refusal(".") == f"'.' is a folder here, and no dataset's name: say what it holds: {forms}"
    forms = "csv:t.csv for a table, text:t.csv for texts"
    assert refusal("t.csv") == f"'t.csv' is a file here, and no dataset's name: say what it holds: {forms}"
    assert refusal("folder:") == "folder:: give a path: folder:PATH"
    assert refusal("folder:nowhere") == f"folder:nowhere: there is nothing at {tmp_path / 'nowhere'}"
    pattern = "csv:*.csv: several files are given as a folder that holds them, not as a pattern"
    assert refusal("csv:*.csv") == pattern
    assert "--target b: digits already has classes" in refusal("digits", "b")
    with pytest.raises(TunerError, match=r"--target with one of 'a', 'b'"):
        Source.parse("csv:t.csv", None).load()
    with pytest.raises(TunerError, match=r"--target x: folder:PATH already has classes"):
        Source.parse(f"folder:{tmp_path}", "x").load()


def test_images_that_are_all_alike_are_refused(tmp_path: Path, caches: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(5):
            Image.new("L", (8, 8), 3).save(tmp_path / "photos" / name / f"{number}.png")
    with pytest.raises(TunerError, match=r"^folder:.*photos: all 6 samples of the training split are alike once read"):
        Source.parse(f"folder:{tmp_path / 'photos'}", None).load()
