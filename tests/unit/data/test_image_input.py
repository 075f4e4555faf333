"""Raw images of any kind are read as `tuner predict` reads files."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from tuner.core.errors import TunerError
from tuner.data.encoding import to_inputs
from tuner.data.images import read_image
from tuner.data.spec import DataSpec

Pixels = NDArray[np.uint8]
COLOUR = DataSpec(name="photos", task="image", shape=(3, 8, 6), classes=("a", "b"), mean=(0,) * 3, std=(1,) * 3)
GREY = DataSpec(name="grey", task="image", shape=(1, 8, 6), classes=("a", "b"), mean=(0,), std=(1,))
DIGITS = DataSpec(name="digits", task="image", shape=(1, 8, 8), classes=("a", "b"), mean=(0,), std=(1,), white=16)


@pytest.fixture
def pixels() -> Pixels:
    """(height, width, channels), of the model's size."""
    return np.random.default_rng(0).integers(0, 256, (8, 6, 3), dtype=np.uint8)


def png(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def text(pixels: Pixels) -> str:
    return base64.b64encode(png(pixels)).decode()


FORMS: dict[str, Callable[[Pixels], Any]] = {
    "bytes": png,
    "a list of bytes": lambda p: [png(p)],
    "base64": text,
    "base64 in lines": lambda p: base64.encodebytes(png(p)).decode(),
    "a data URL": lambda p: f"data:image/png;base64,{text(p)}",
    "an array of texts": lambda p: np.array([text(p)]),
    "a Pillow image": Image.fromarray,
    "a series": lambda p: pd.Series([png(p)]),
    "a frame": lambda p: pd.DataFrame({"image": [png(p)], "name": ["x"]}),
    "a frame of one column": lambda p: pd.DataFrame({"content": [text(p)]}),
    "a dictionary": lambda p: {"image": [png(p)]},
    "channels first": lambda p: p.transpose(2, 0, 1),
    "channels last": lambda p: p,
    "a batch": lambda p: p[None],
    "a list of arrays": lambda p: [p],
    "whole numbers": lambda p: p.astype(np.int64),
    "whole floats": lambda p: p.astype(np.float32),
    "floats up to 1": lambda p: p.astype(np.float32) / 255,
    "nested lists": lambda p: p.tolist(),
    "a frame of arrays": lambda p: pd.DataFrame({"image": [p]}),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_image_is_read_alike_in_each_form(pixels: Pixels, form: str) -> None:
    expected = torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None]
    assert torch.equal(to_inputs(COLOUR, FORMS[form](pixels)), expected)


@pytest.mark.parametrize("convert", [str, Path, lambda path: [str(path)], lambda path: pd.DataFrame({"image": [path]})])
def test_a_path_is_read(tmp_path: Path, pixels: Pixels, convert: Callable[[Path], Any]) -> None:
    (tmp_path / "a.png").write_bytes(png(pixels))
    expected = read_image(tmp_path / "a.png", COLOUR.shape)[None]
    assert torch.equal(to_inputs(COLOUR, convert(tmp_path / "a.png")), expected)


def test_a_server_reads_no_files_that_a_request_names(tmp_path: Path, pixels: Pixels) -> None:
    (tmp_path / "a.png").write_bytes(png(pixels))
    with pytest.raises(TunerError, match="is not an image as base64 text"):
        to_inputs(COLOUR, str(tmp_path / "a.png"), files=False)
    assert to_inputs(COLOUR, text(pixels), files=False).shape == (1, 3, 8, 6)


def test_grey_images_need_no_channel(pixels: Pixels) -> None:
    grey = pixels[:, :, 0]
    expected = torch.from_numpy(grey.copy())[None, None]
    for form in (grey, grey[None], grey[None, None], grey[:, :, None], grey / 255, [grey], Image.fromarray(grey)):
        assert torch.equal(to_inputs(GREY, form), expected)


def test_arrays_of_another_size_are_scaled_as_files_are() -> None:
    large = np.random.default_rng(0).integers(0, 256, (2, 40, 50, 3), dtype=np.uint8)
    expected = torch.stack([read_image(png(image), COLOUR.shape) for image in large])
    for form in (large, large.transpose(0, 3, 1, 2), list(large), [png(large[0]), Image.fromarray(large[1])]):
        assert torch.equal(to_inputs(COLOUR, form), expected)


@pytest.mark.parametrize(
    ("data", "raw", "reason"),
    [
        (
            COLOUR,
            np.full((8, 6, 3), 4095),
            "pixels from 4095 to 4095: a model of photos takes whole numbers from 0 to 255",
        ),
        (COLOUR, np.full((8, 6, 3), -0.5), "pixels from -0.5 to -0.5: a model of photos takes"),
        (COLOUR, np.full((8, 6, 3), np.nan), "pixels from nan to nan: a model of photos takes"),
        (COLOUR, np.full((8, 6, 3), 2.5), "pixels from 2.5 to 2.5 that are not whole numbers: a model of photos takes"),
        (DIGITS, np.full((8, 8), 200), "pixels from 200 to 200: a model of digits takes whole numbers from 0 to 16"),
        (COLOUR, np.zeros((3, 8, 3), np.uint8), "samples of shape"),
        (COLOUR, "gone.png", "'gone.png' is neither a file that is there nor an image as base64 text"),
        (COLOUR, [b"GIF89a", b"nothing"], "image 0: image: "),
        (COLOUR, [None], "samples for a model of photos must be images, got None"),
        (
            COLOUR,
            pd.DataFrame({"a": ["x"], "b": ["y"]}),
            "samples for a model of photos must be images, in a column 'image'",
        ),
    ],
)
def test_what_is_not_sure_is_refused_in_one_line(data: DataSpec, raw: Any, reason: str) -> None:
    with pytest.raises(TunerError) as error:
        to_inputs(data, raw)
    assert str(error.value).startswith(reason)
    assert "\n" not in str(error.value)


def test_whole_numbers_that_may_be_flags_are_told() -> None:
    flags = np.random.default_rng(0).integers(0, 2, (2, 8, 6, 3), dtype=np.uint8)
    told: list[str] = []
    assert int(to_inputs(COLOUR, flags, tell=told.append).max()) == 1
    to_inputs(COLOUR, list(flags), tell=told.append)
    expected = "whole numbers of 0 and 1 are read as black and nearly black: where 1 is white, give booleans or floats"
    assert told == [expected, expected]
    masks = replace(COLOUR, training_range=((0.0, 0.003), (0.0, 0.002), (0.0, 0.0)))
    clear: list[tuple[DataSpec, Any]] = [(COLOUR, flags * 255), (COLOUR, flags == 1), (COLOUR, flags * 1.0)]
    for data, sure in (*clear, (COLOUR, np.zeros((8, 6, 3), np.uint8)), (masks, flags)):
        to_inputs(data, sure, tell=told.append)
    assert len(told) == 2
