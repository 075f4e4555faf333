"""Cats and dogs: photographs scaled to 160x160, from the Oxford-IIIT Pet set or Kaggle's Dogs vs. Cats.

O. M. Parkhi et al., Cats and Dogs, CVPR 2012: 37 breeds, 3,680 training and 3,669 test samples; the classes are the
species. Kaggle's set (25,000 photographs, no official test split) is preferred if its folder is in `root`, where nobody
has it by accident: PetImages, kagglecatsanddogs_*/PetImages, cats_vs_dogs/PetImages or cats_vs_dogs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from torchvision.datasets import OxfordIIITPet

from tuner.data.spec import DataSpec, Splits, hold_out, moments

from ._cache import cached
from ._files import NotDownloadedError, fetch, missing, unpack, unusable
from ._images import Findings, Labelled, read_split
from ._own import TEST_SHARE, VALIDATION_SHARE, check_counts, three_ways
from ._skipped import Skipped, is_hidden, is_image

SPEC = DataSpec(
    name="cats_vs_dogs",
    task="image",
    shape=(3, 160, 160),
    classes=("cat", "dog"),
    mean=(0.0,) * 3,
    std=(1.0,) * 3,
    augment=("crop", "flip"),
)
FOLDER = "oxford-iiit-pet"
LISTS = ("trainval", "test")
KAGGLE_FOLDERS = ("PetImages", "kagglecatsanddogs*/PetImages", "cats_vs_dogs/PetImages", "cats_vs_dogs")
KAGGLE_CLASSES = ("Cat", "Dog")
FOUND_AT = (*(f"{folder}/{KAGGLE_CLASSES[0]}" for folder in KAGGLE_FOLDERS), f"{FOLDER}/images*")


def load(root: Path) -> Splits:
    """The splits (2,944, 736 and 3,669); inputs are uint8 (samples, 3, 160, 160). Downloads 811 MB if need be.

    Kaggle's set gives 16,000, 4,000 and 5,000. Missing or broken files are skipped and counted in the notes.

    Raises:
        TunerError: `root` has neither set and none can be downloaded, or the lists of files are broken.
    """
    for pattern in KAGGLE_FOLDERS:
        for folder in sorted(root.glob(pattern)):
            if all((folder / name).is_dir() for name in KAGGLE_CLASSES):
                return _kaggle(folder)
    return _pets(root / FOLDER)


def _kaggle(folder: Path) -> Splits:
    files, skipped = [], Skipped()
    for target, name in enumerate(KAGGLE_CLASSES):
        for path in sorted((folder / name).iterdir()):
            if is_image(path) and not is_hidden(path):
                files.append(Labelled(path, target))
            else:
                skipped.add_entry(path)

    def make() -> Splits:
        images, _, findings = read_split(files, SPEC.shape, folder)
        parts = three_ways(images, None, None, SPEC.classes, str(folder))
        return _with_moments(Splits(SPEC, *parts, notes=findings.notes(folder)))

    splits = cached(SPEC.name, folder, [file.path for file in files], (SPEC.shape, TEST_SHARE, VALIDATION_SHARE), make)
    note = f"read from {folder}, which has no official test split: scores are not comparable with {FOLDER}"
    return replace(splits, notes=(note, *splits.notes, *skipped.notes(folder)))


def _pets(folder: Path) -> Splits:
    _complete(folder)
    files = {name: _listed(folder, name) for name in LISTS}

    def make() -> Splits:
        findings = Findings()
        rest, _, found = read_split(files["trainval"], SPEC.shape, folder)
        findings.add(found)
        test, _, found = read_split(files["test"], SPEC.shape, folder)
        findings.add(found)
        check_counts(rest, SPEC.classes, 2, str(folder))
        check_counts(test, SPEC.classes, 1, str(folder))
        train, validation = hold_out(*rest, VALIDATION_SHARE)
        return _with_moments(Splits(SPEC, train, validation, test, findings.notes(folder)))

    every = [file.path for name in LISTS for file in files[name]] + [_list(folder, name) for name in LISTS]
    return cached(SPEC.name, folder, every, (SPEC.shape, VALIDATION_SHARE), make)


def _with_moments(splits: Splits) -> Splits:
    mean, std = moments(splits.train.inputs)
    return replace(splits, spec=replace(splits.spec, mean=mean, std=std))


def _list(folder: Path, name: str) -> Path:
    return folder / "annotations" / f"{name}.txt"


def _listed(folder: Path, name: str) -> list[Labelled]:
    """The files of an official list, whose lines are NAME BREED SPECIES NUMBER; the species 1 is a cat, 2 a dog."""
    path, files = _list(folder, name), []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(path, str(error)) from None
    for number, line in enumerate(lines, start=1):
        cells = line.split()
        if len(cells) != 4 or cells[2] not in {"1", "2"}:
            raise unusable(path, f"line {number} is '{line}' instead of NAME BREED SPECIES NUMBER")
        files.append(Labelled(folder / "images" / f"{cells[0]}.jpg", int(cells[2]) - 1))
    return files


def _complete(folder: Path) -> None:
    """Downloads the parts of the set (images, annotations) that are missing."""
    for url, digest in OxfordIIITPet._RESOURCES:
        archive = folder / PurePosixPath(url).name
        part = folder / archive.name.removesuffix(".tar.gz")
        if part.is_dir():
            continue
        try:
            fetch(archive, [url], digest)
        except NotDownloadedError as error:
            files = f"the folders images and annotations or their archives into {folder}"
            raise missing(SPEC.name, folder.parent, files, error) from None
        unpack(archive, part)
