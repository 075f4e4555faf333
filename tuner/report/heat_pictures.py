"""An image as a model sees it and what speaks for its class, as two PNG files to be laid on each other."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from tuner.data.spec import DataSpec
from tuner.report.samples import to_pixels

SOLID = 0.8  # how much of the image the warmest places hide


def seen_png(spec: DataSpec, image: Tensor) -> bytes:
    """A (channels, height, width) image in raw units, as a PNG of its size."""
    return png(to_pixels(spec, image))


def heat_png(heat: Tensor) -> bytes:
    """A (height, width) map from 0 to 1 as a PNG that is the more transparent, the less there is to see."""
    values = heat.clamp(0, 1).numpy()
    coloured: NDArray[np.float64] = colormaps["inferno"](values)
    coloured[:, :, 3] = values * SOLID
    return png(np.rint(coloured * 255).astype(np.uint8))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width), or (height, width, 3 or 4) pixels as a file."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
