"""Walks through folders of images: what is in them at any depth, and the folder of each class."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from unicodedata import normalize

from ._skipped import CIRCLE, EMPTY, MASK, Skipped, is_hidden, is_image

Folders = dict[str, list[Path]]  # the images of each class

_ENGLISH = {
    "train": ("train", "training", "trn", "trainset"),
    "validation": ("val", "valid", "validation", "validate", "eval", "evaluation", "dev", "development"),
    "test": ("test", "tests", "testing", "tst", "testset", "holdout"),
}
_IN_OTHER_LANGUAGES = {
    "train": "entrenamiento entrainement entraînement apprentissage treino treinamento addestramento trening "
    "обучение тренировка 训练 训练集 訓練 学習 훈련",
    "validation": "validacion validación validação validacao validierung validazione walidacja "
    "проверка валидация 验证 验证集 驗證 検証 검증",
    "test": "prueba pruebas teste testes prova тест 测试 测试集 測試 テスト 테스트",
}
_WORDS = {part: (*words, *_IN_OTHER_LANGUAGES[part].split()) for part, words in _ENGLISH.items()}
_FILLERS = ("", "set", "data", "dataset", "images", "image", "img", "imgs", "split", "seg", "folder")
_GENERIC = ("images", "image", "img", "imgs", "photos", "pictures", "pics", "data", "jpg", "jpeg", "png")
_ANNOTATIONS = ("annotations", "annotation", "labels", "trimaps", "groundtruth", "ground_truth")
MASKS = ("mask", "masks")


def part_of(name: str) -> str | None:
    """The split that a folder or file is meant for by its name; None for any other name.

    >>> [part_of(name) for name in ("Training", "valid", "test1", "seg_train", "Validación", "trainer", "cat")]
    ['train', 'validation', 'test', 'train', 'validation', None, None]
    """
    words = [word for word in re.split(r"[\W\d_]+", normalize("NFC", name).lower()) if word not in _FILLERS]
    joined = "".join(words)  # hold-out
    known = (part for part, of_part in _WORDS.items() if joined in of_part and (len(words) == 1 or joined == "holdout"))
    return next(known, None)


def is_generic(name: str) -> bool:
    """Whether a folder is called after images and not after a class, such as `images_001`."""
    return without_number(name) in _GENERIC


def is_no_class(name: str) -> bool:
    """Whether a folder's name says what its images are for, and not what they show."""
    return bool(part_of(name)) or is_generic(name) or name.lower() in (*MASKS, *_ANNOTATIONS)


def without_number(name: str) -> str:
    """The letters of a name: `fold` of `fold_1`."""
    return re.sub(r"[\W\d_]+", "", name.lower())


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, by name; asking whether an entry is a folder is quicker than with a path."""
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def subfolders(folder: Path) -> list[Path]:
    """The folders that people see, by name."""
    return [Path(entry.path) for entry in entries(folder) if not is_hidden(entry) and is_folder(entry)]


def walk(folder: Path, skipped: Skipped, seen: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """The images in a folder and below it, sorted; links are followed, once."""
    real = folder.resolve()
    if real in seen:
        skipped.add(CIRCLE, folder)
        return
    inside = entries(folder)
    names = {entry.name.lower() for entry in inside if is_folder(entry)}
    for entry in inside:
        path = folder / entry.name
        if is_hidden(entry):
            skipped.add_entry(path)
        elif is_folder(entry) and entry.name.lower() in MASKS and names & set(_GENERIC):
            skipped.add(MASK, *walk(path, Skipped(), seen | {real}))
        elif is_folder(entry):
            below = list(walk(path, skipped, seen | {real}))
            skipped.add(EMPTY, *([] if below or path.resolve() in seen | {real} else [path]))
            yield from below
        elif is_image(entry) and path.is_file():
            yield path
        else:
            skipped.add_entry(path)


def holds_images(folder: Path) -> bool:
    """Whether there is an image in it, at any depth."""
    return any(True for _ in walk(folder, Skipped()))


def holds_classes(folder: Path) -> bool:
    """Whether a folder in it holds images."""
    return any(map(holds_images, subfolders(folder)))


def class_folders(folder: Path, skipped: Skipped, *, without: Collection[Path] = ()) -> Folders:
    """The subfolders with their images, at any depth, but for those that are `without` classes."""
    found: Folders = {}
    seen = frozenset((folder.resolve(),))
    for entry in sorted(folder.iterdir()):
        if entry in without:
            continue
        if is_hidden(entry) or not entry.is_dir():
            skipped.add_entry(entry)
        elif files := list(walk(entry, skipped, seen)):
            found[entry.name] = files
        else:
            skipped.add(EMPTY, entry)
    return found


def _with_images(folder: Path) -> list[Path]:
    """The subfolders that are worth a look: those with images, where there are others."""
    below = subfolders(folder)
    return below if len(below) < 2 else [entry for entry in below if holds_images(entry)]


def step_in(folder: Path, *, part: bool = False) -> Path:
    """The folder that is meant: an archive often holds its folder once more.

    Args:
        folder: where to begin.
        part: whether `folder` holds the images of one split, so that train/train is train once more.
    """
    inside = folder
    while len(below := _with_images(inside)) == 1 and not any(map(is_image, entries(inside))):
        name = below[0].name
        if part and not (part_of(name) or is_generic(name) or name == inside.name):
            break
        if part_of(name) and not part:
            break
        inside = below[0]
    return inside if below else folder
