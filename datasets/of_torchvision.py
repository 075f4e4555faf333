"""Image sets of torchvision by its names, such as torchvision:SVHN or torchvision:EMNIST/letters.

Those that have a training and a test split and need nothing but a download. torchvision checks what it downloads, and
what is there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import datasets

from tuner.core.environment import download_timeout
from tuner.core.errors import TunerError, one_line, unknown
from tuner.core.files import slug
from tuner.data.image_files import Header
from tuner.data.image_sizes import LIMITS, shape_for
from tuner.data.images import read_image
from tuner.data.pixels import Depth
from tuner.data.spec import DataSpec, Split, Splits, moments

from ._cache import cached
from ._own import VALIDATION_SHARE, three_ways

LOOKED_AT = 500  # training images that decide the size of all


class Form(NamedTuple):
    """How torchvision is asked for the parts of a set."""

    keyword: str
    train: str | bool
    validation: str | None
    test: str | bool
    more: Mapping[str, Any] = {}


_TRAIN = ("CIFAR10", "CIFAR100", "FashionMNIST", "KMNIST", "MNIST", "QMNIST", "USPS")
_TEST = ("Food101", "GTSRB", "StanfordCars", "STL10", "SVHN")
_VALIDATION = ("DTD", "FGVCAircraft", "Flowers102", "RenderedSST2")
_LETTERS = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
FORMS: dict[str, Form] = {
    **{name: Form("train", True, None, False) for name in _TRAIN},
    **{name: Form("split", "train", None, "test") for name in _TEST},
    **{name: Form("split", "train", "val", "test") for name in _VALIDATION},
    **{f"EMNIST/{each}": Form("train", True, None, False, {"split": each}) for each in _LETTERS},
    "CLEVRClassification": Form("split", "train", None, "val"),
    "Country211": Form("split", "train", "valid", "test"),
    "Imagenette": Form("split", "train", None, "val"),
    "OxfordIIITPet": Form("split", "trainval", None, "test"),
}


class Dataset:
    """What a file of datasets/ has, for one of torchvision's sets."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.__doc__ = f"{name} of torchvision, with its official test split."
        self._form = FORMS[name]

    def load(self, root: Path, *, target: str | None = None) -> Splits:
        """The splits; inputs are uint8 (samples, channels, height, width). Images of several sizes are scaled.

        A validation split of 20 % is held out where there is no official one. Downloads what is not in `root`.

        Raises:
            TunerError: it cannot be downloaded, or `target` is given.
        """
        if target is not None:
            raise TunerError(f"--target {target}: torchvision:{self.name} already has classes")
        form = self._form
        names = {"train": form.train, "validation": form.validation, "test": form.test}
        parts = {part: self._open(root, said) for part, said in names.items() if said is not None}
        shape, alike = _shape(parts["train"])
        name = f"torchvision_{slug(self.name)}"
        if alike:
            return _read(name, parts, shape)
        recipe = ({part: len(each) for part, each in parts.items()}, shape, LIMITS, VALIDATION_SHARE)
        return cached(name, root / name, (), recipe, lambda: _read(name, parts, shape))

    def _open(self, root: Path, said: str | bool) -> Any:
        make = getattr(datasets, self.name.partition("/")[0])
        try:
            with download_timeout():
                return make(root, **{self._form.keyword: said}, **self._form.more, download=True)
        except (OSError, RuntimeError, ImportError) as error:  # the last where a set needs another package
            raise TunerError(
                f"torchvision:{self.name} is not in {root} and could not be downloaded ({one_line(error)}): put its "
                "files there as torchvision does, or name another folder with TUNER_DATA"
            ) from None


@cache
def member(name: str) -> Dataset:
    """A set of torchvision. Raises TunerError with the nearest names when none of this name can be used."""
    if name not in FORMS:
        raise unknown("dataset of torchvision", name, FORMS)
    return Dataset(name)


def _shape(samples: Any) -> tuple[tuple[int, int, int], bool]:
    """The shape of the model's images, and whether those looked at have it."""
    headers = []
    for index in range(min(LOOKED_AT, len(samples))):
        image = samples[index][0]
        headers.append(Header(1 if image.mode in ("1", "L") else 3, image.height, image.width, Depth.BYTES, ""))
    shape = shape_for(headers)
    return shape, all((each.height, each.width) == shape[1:] for each in headers)


def _read(name: str, parts: Mapping[str, Any], shape: tuple[int, int, int]) -> Splits:
    splits = {part: _split(samples, shape) for part, samples in parts.items()}
    there = torch.unique(splits["train"].targets)  # of EMNIST's letters, the first class is empty
    names = [*map(str, getattr(parts["train"], "classes", ()))]
    known = len(set(names)) == len(names) > int(there[-1])
    classes = tuple(names[index] if known else str(index) for index in there.tolist())
    numbered = {part: _numbered(split, there) for part, split in splits.items()}
    source = f"torchvision:{name}"
    train, validation, test = three_ways(
        numbered["train"], numbered.get("validation"), numbered["test"], classes, source
    )
    mean, std = moments(train.inputs)
    spec = DataSpec(name=name, task="image", shape=shape, classes=classes, mean=mean, std=std, augment=("crop",))
    return Splits(spec, train, validation, test)


def _split(samples: Any, shape: tuple[int, int, int]) -> Split:
    images, targets = torch.empty((len(samples), *shape), dtype=torch.uint8), []
    for index in range(len(samples)):
        image, target = samples[index]
        images[index] = _pixels(image, shape)
        targets.append(int(target))
    return Split(images, torch.tensor(targets, dtype=torch.int64))


def _pixels(image: Image.Image, shape: tuple[int, int, int]) -> Tensor:
    channels, height, width = shape
    if image.mode == ("L" if channels == 1 else "RGB") and image.size == (width, height):
        return torch.from_numpy(np.array(image)).reshape(height, width, channels).movedim(2, 0)
    return read_image(image, shape)


def _numbered(split: Split, classes: Tensor) -> Split:
    """The samples of these classes, whose new numbers are their places in the sorted list."""
    kept = torch.isin(split.targets, classes)
    inputs = split.inputs if bool(kept.all()) else split.inputs[kept]
    return Split(inputs, torch.searchsorted(classes, split.targets[kept]))
