"""A user's own images: both layouts, the shape that suits them, and folders that cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.dataset_files import noise, parts
from support.image_folders import counts, load, refusal

from tuner.data.spec import moments


@pytest.fixture
def folder(tmp_path: Path, caches: Path) -> Path:
    return tmp_path / "My Photos (2)"


def write(
    folder: Path, *, size: tuple[int, int] = (20, 20), ending: str = "png", mode: str = "RGB", **counts: int
) -> None:
    for seed, (name, count) in enumerate(counts.items()):
        for number in range(count):
            noise(folder / name / f"{number:03}.{ending}", 1000 * seed + number, size, mode)


def test_holds_out_validation_and_test_split(folder: Path) -> None:
    write(folder, rose=10, daisy=20, Tulip=30)
    splits = load(folder)
    assert splits.spec.name == "folder_my_photos_2"
    assert splits.spec.classes == ("Tulip", "daisy", "rose")
    assert counts(splits) == [[19, 13, 6], [5, 3, 2], [6, 4, 2]]
    assert splits.spec.shape == (3, 20, 20)
    assert splits.spec.augment == ("crop",)
    assert (splits.spec.mean, splits.spec.std) == moments(splits.train.inputs)
    assert splits.notes == ()
    rows = [row.numpy().tobytes() for part in parts(splits) for row in part.inputs]
    assert len(set(rows)) == 60


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_takes_the_splits_that_are_there(folder: Path, name: str) -> None:
    write(folder / "train", a=5, b=4)
    write(folder / name, a=3, b=2)
    write(folder / "test", a=1, b=2)
    assert counts(load(folder)) == [[5, 4], [3, 2], [1, 2]]


def test_holds_out_what_is_not_there(folder: Path) -> None:
    write(folder / "train", a=10, b=20)
    assert counts(load(folder)) == [[6, 13], [2, 3], [2, 4]]
    write(folder / "test", a=5, b=5)
    assert counts(load(folder)) == [[8, 16], [2, 4], [5, 5]]


def test_a_class_may_be_called_train(folder: Path) -> None:
    write(folder, train=5, plane=5, test=5)
    assert load(folder).spec.classes == ("plane", "test", "train")


@pytest.mark.parametrize(
    ("sizes", "shape"),
    [
        ([(28, 28)], (3, 28, 28)),
        ([(60, 40)], (3, 40, 60)),
        ([(224, 100)], (3, 100, 224)),
        ([(225, 100)], (3, 100, 100)),
        ([(300, 200)], (3, 160, 160)),
        ([(20, 30), (18, 40)], (3, 32, 32)),
        ([(90, 70), (70, 100), (50, 300)], (3, 70, 70)),
    ],
)
def test_the_shape_suits_the_sizes(folder: Path, sizes: list[tuple[int, int]], shape: tuple[int, int, int]) -> None:
    for number in range(6):
        noise(folder / "ab"[number % 2] / f"{number}.png", number, sizes[number % len(sizes)])
    assert load(folder).spec.shape == shape


def test_is_grey_when_all_images_are(folder: Path) -> None:
    write(folder, a=4, b=4, mode="L")
    splits = load(folder)
    assert splits.spec.shape == (1, 20, 20)
    assert len(splits.spec.mean) == 1
    noise(folder / "a" / "colour.png", 77, (20, 20))
    assert load(folder).spec.shape == (3, 20, 20)


def test_one_image_in_colour_among_many_grey_ones_is_enough(folder: Path) -> None:
    write(folder, a=260, b=260, mode="L", size=(4, 4))
    noise(folder / "a" / "200x.png", 77, (4, 4))
    assert load(folder).spec.shape == (3, 4, 4)


def test_takes_every_usual_format(folder: Path) -> None:
    endings = ("jpg", "jpeg", "png", "bmp", "gif", "webp", "ppm", "tif", "tiff", "JPG", "jfif")
    for number, ending in enumerate(endings):
        for seed, name in enumerate("ab"):
            path = folder / name / f"{number}.{ending}"
            noise(path.with_suffix(".jpg" if ending == "jfif" else path.suffix), 10 * number + seed, (20, 20))
            if ending == "jfif":
                path.with_suffix(".jpg").rename(path)
    splits = load(folder)
    assert sum(len(part.targets) for part in parts(splits)) == 22
    assert splits.notes == ()


def test_what_is_broken_or_no_image_is_counted(folder: Path) -> None:
    write(folder, a=5, b=5)
    (folder / "a" / "cut.png").write_bytes((folder / "a" / "000.png").read_bytes()[:100])
    (folder / "b" / "text.jpg").write_text("no image")
    (folder / "b" / "notes.txt").write_text("about the images")
    (folder / ".git").mkdir()
    (folder / "a" / ".DS_Store").write_bytes(b"")
    for _ in range(2):  # the second time from the cache
        broken, *others = load(folder).notes
        assert broken.startswith("2 broken files skipped, such as a/cut.png: ")
        assert others == [
            "1 .txt: no image, such as b/notes.txt",
            "2 hidden files or folders skipped, such as .git",
        ]


def test_is_read_again_after_a_change(folder: Path) -> None:
    write(folder, a=5, b=5)
    assert sum(map(sum, counts(load(folder)))) == 10
    noise(folder / "a" / "more.png", 99, (20, 20))
    assert sum(map(sum, counts(load(folder)))) == 11
    write(folder, c=3)
    assert load(folder).spec.classes == ("a", "b", "c")


def test_a_folder_without_two_classes_is_refused(folder: Path) -> None:
    assert refusal(folder) == "there is no such folder"
    needed = "needs a folder of images for each of two or more classes, but has "
    folder.mkdir()
    assert refusal(folder) == f"{needed}none"
    noise(folder / "loose.png", 0)
    assert refusal(folder).startswith("images lie in the folder itself, and no folder says their classes: ")
    write(folder, a=5)
    (folder / "b").mkdir()
    assert refusal(folder) == f"{needed}images of a only and 1 folder skipped: no image in it, such as b"
    (folder / "b" / "1.heic").write_bytes(b"?")
    heic = "1 .heic: not a format that is read: save them as PNG or JPEG, such as b/1.heic"
    assert refusal(folder) == f"{needed}images of a only and {heic}"


def test_too_few_images_of_a_class_are_refused(folder: Path) -> None:
    write(folder, a=5, b=2)
    assert refusal(folder) == "each class needs at least 3 samples, but 'b' has 2: add some, or leave it out"
    (folder / "b" / "002.png").write_bytes(b"")
    assert refusal(folder) == "each class needs at least 3 samples, but 'b' has 2: add some, or leave it out"
    write(folder, b=3)
    assert counts(load(folder))[0] == [3, 1]


def test_splits_that_do_not_fit_are_refused(folder: Path) -> None:
    write(folder / "train", a=5, b=5)
    write(folder / "test", a=5)
    one = "the test split has samples of 'a' only: scores need two classes, so add one or remove it"
    assert refusal(folder) == one
    write(folder / "test", b=1, c=1)
    strange = "the class c is in test, but not in train: add images of it to train, or remove test/c"
    assert refusal(folder) == strange
    write(folder / "val", a=1, b=1)
    write(folder / "valid", a=1, b=1)
    assert refusal(folder) == "has val and valid: keep one of them"


def test_the_same_picture_twice_is_told(folder: Path) -> None:
    write(folder / "train", a=5, b=5)
    write(folder / "test", a=2, b=2)
    noise(folder / "test" / "b" / "again.bmp", 1001, (20, 20))
    noise(folder / "train" / "b" / "other.png", 4, (20, 20))
    torn, leaked = load(folder).notes[:2]
    assert torn.startswith("1 image with a twin in another class, pixel by pixel, such as train/b/other.png, which is ")
    assert leaked.startswith("5 images of the test split also trained or validated on, so that scores are too good, ")


def test_what_reading_changes_is_counted_and_named(folder: Path) -> None:
    write(folder, a=5, b=5)
    exif = Image.Exif()
    exif[0x0112] = 3
    rng = np.random.default_rng(7)
    frames = [Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)) for _ in range(4)]
    frames[0].save(folder / "a" / "turned.jpg", exif=exif)
    frames[1].save(folder / "a" / "stack.tif", save_all=True, append_images=frames[2:3])
    frames[3].convert("RGBA").save(folder / "a" / "opaque.png")
    clear = frames[3].convert("RGBA")
    clear.putalpha(100)
    clear.save(folder / "b" / "clear.png")
    assert load(folder).notes == (
        "1 image: the first of several frames or pages read, such as a/stack.tif",
        "1 image: transparent pixels made white, such as b/clear.png",
        "1 image: turned upright, as its EXIF says, such as a/turned.jpg",
    )


@pytest.mark.usefixtures("caches")
def test_a_folder_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, expected in (
        ("Ünï-çode", "folder_uni_code_698390"),
        ("猫", "folder_data_a810bf"),
        ("a*[b]?", "folder_a_b"),
    ):
        write(tmp_path / name, a=3, b=3)
        assert load(tmp_path / name).spec.name == expected
    monkeypatch.chdir(tmp_path / "猫")
    assert load(Path()).spec.name == "folder_data_a810bf"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load(Path("~/a*[b]?")).spec.classes == ("a", "b")
