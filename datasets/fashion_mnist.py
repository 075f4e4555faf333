"""Fashion-MNIST: clothes of 28x28 grey pixels, 60,000 training and 10,000 test samples (Xiao et al. 2017)."""

from __future__ import annotations

from pathlib import Path

from torchvision.datasets import FashionMNIST

from tuner.data.spec import DataSpec, Splits

from ._idx import load_idx

FOUND_AT = ("FashionMNIST/raw/train-images*",)
SPEC = DataSpec(
    name="fashion_mnist",
    task="image",
    shape=(1, 28, 28),
    classes=tuple(FashionMNIST.classes),
    mean=(0.0,),
    std=(1.0,),
    augment=("crop", "flip"),
)


def load(root: Path) -> Splits:
    """The splits (about 54,000, 6,000 and 10,000); inputs are uint8 (samples, 1, 28, 28). Downloads 31 MB if need be.

    Raises:
        TunerError: a file in `root`/FashionMNIST/raw is broken, or missing and cannot be downloaded.
    """
    return load_idx(SPEC, FashionMNIST, root)
