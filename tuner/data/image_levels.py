"""The range of values that becomes black to white, as the training split's images beyond 8 bits have it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuner.core.errors import TunerError
from tuner.core.units import counted
from tuner.data.image_files import content_of, no_warnings, open_image
from tuner.data.pixels import DARK, Depth, Levels, colours_of, depth_of, values_of

SHARES = (0.1, 99.9)  # per cent of the pixels: single hot or dead ones of a sensor do not count
MOST_VALUES = 8_000_000  # that are looked at, of all images together
_THREADS = 4  # each holds a decoded image


def find_levels(files: Sequence[Path], depths: Sequence[Depth], source: str) -> Levels:
    """The values that become black and white.

    Args:
        files: the images of the training split.
        depths: how the values of each can be read.
        source: the dataset, for errors.

    Returns:
        Between which 99.8 % of the pixels lie; () where all images have 8 bits.

    Raises:
        TunerError: some are whole numbers and others floats, all pixels are alike, or 16 bits a colour would be cut to
            a dark image.
    """
    _check_cut([file for file, depth in zip(files, depths, strict=True) if depth is Depth.CUT], source)
    real = [file for file, depth in zip(files, depths, strict=True) if depth is Depth.REAL]
    whole = [file for file, depth in zip(files, depths, strict=True) if depth.scaled and depth is not Depth.REAL]
    if real and whole:
        raise TunerError(
            f"{source}: {counted(len(whole), 'image')} of 16 or 32 bits, such as {whole[0].name}, and "
            f"{counted(len(real), 'image')} of floats, such as {real[0].name}, have no common range: save all in one "
            "format"
        )
    values = _sampled([*real, *whole])
    if not values.size:
        return ()
    low, high = np.percentile(values, SHARES)
    if low == high:
        low, high = values.min(), values.max()
    if low == high:
        raise TunerError(f"{source}: all pixels of the {counted(len(real + whole), 'image')} beyond 8 bits are {low:g}")
    return float(low), float(high)


def _check_cut(files: Sequence[Path], source: str) -> None:
    values = _sampled(files)
    if values.size and (top := float(np.percentile(values, SHARES[1]))) < DARK // 256:
        raise TunerError(
            f"{source}: {counted(len(files), 'image')} of 16 bits a colour, such as {files[0].name}, hold values up to "
            f"about {(top + 1) * 256:,.0f} of 65,535, and of such a {files[0].suffix} only the upper 8 bits are read: "
            "save them as PNG of 16 bits, or scale them to 8 bits"
        )


def _sampled(files: Sequence[Path]) -> NDArray[Any]:
    """Finite values of all files, as many of each; none of a broken file, which reading reports."""
    most = max(100, MOST_VALUES // max(1, len(files)))
    with no_warnings(), ThreadPoolExecutor(_THREADS) as pool:
        parts = list(pool.map(lambda file: _values(file, most), files))
    return np.concatenate(parts) if parts else np.empty(0)


def _values(file: Path, most: int) -> NDArray[np.float64]:
    try:
        with open_image(file) as image:
            depth = depth_of(image)
            if depth is Depth.COLOUR:
                values: NDArray[Any] = colours_of(content_of(image))
                values = values[:, :, : values.shape[2] - 1] if values.shape[2] in (2, 4) else values
            else:
                values = np.asarray(image.convert("RGB")) if depth is Depth.CUT else values_of(image)
    except Exception:  # decoders of broken files raise errors of any type
        return np.empty(0)
    values = values.ravel()
    if values.size > most:
        values = values[np.random.default_rng(0).integers(0, values.size, most)]
    values = values.astype(np.float64)
    finite: NDArray[np.float64] = values[np.isfinite(values)]
    return finite
