"""MNIST: handwritten digits of 28x28 grey pixels, 60,000 training and 10,000 test samples (LeCun et al. 1998)."""

from __future__ import annotations

from pathlib import Path

from torchvision.datasets import MNIST

from tuner.data.spec import DataSpec, Splits

from ._idx import load_idx

FOUND_AT = ("MNIST/raw/train-images*",)
SPEC = DataSpec(
    name="mnist",
    task="image",
    shape=(1, 28, 28),
    classes=tuple("0123456789"),
    mean=(0.0,),
    std=(1.0,),
    augment=("crop", "rotate"),  # never flipped: a mirrored 2 is not a digit
)


def load(root: Path) -> Splits:
    """The splits (about 54,000, 6,000 and 10,000); inputs are uint8 (samples, 1, 28, 28). Downloads 12 MB if need be.

    Raises:
        TunerError: a file in `root`/MNIST/raw is broken, or missing and cannot be downloaded.
    """
    return load_idx(SPEC, MNIST, root)
