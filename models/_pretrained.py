"""Pretrained weights, from a user's file or downloaded by torchvision. Nothing is unpickled."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Mapping
from contextlib import redirect_stdout
from http.client import HTTPException
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import safetensors.torch
import torch
from torch import Tensor
from torchvision.models import WeightsEnum

from tuner.core.environment import download_timeout
from tuner.core.errors import TunerError, one_line

IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""Mean and standard deviation of ImageNet's channels, red, green and blue, 0 to 255: those that torchvision uses."""


def pretrained_weights(
    model: str, source: WeightsEnum, expected: Mapping[str, Tensor], file: Path | None, folder: Path
) -> dict[str, Tensor]:
    """The tensors named in `expected`, with its shapes and types. Other tensors in the file are ignored.

    Args:
        model: its name, for messages.
        source: what torchvision downloads.
        expected: part of the network's state dict; its values do not matter, and may be on the meta device.
        file: a state dict of torchvision's network, saved by `torch.save` or as .safetensors; None to download it.
        folder: where a download is kept, under torchvision's name for it.

    Raises:
        TunerError: the file cannot be read or holds other weights, or the download failed.
    """
    if file is None:
        file = _downloaded(model, source, folder)
    state = _read(file)
    return {name: _checked(model, file, name, state.get(name), tensor) for name, tensor in expected.items()}


def _downloaded(model: str, source: WeightsEnum, folder: Path) -> Path:
    path = folder / str(source.url).rsplit("/", 1)[-1]
    if path.is_file():
        return path
    try:
        with download_timeout(), redirect_stdout(sys.stderr):  # torch prints what it downloads
            source.get_state_dict(model_dir=str(folder), check_hash=True, weights_only=True)
    except (OSError, RuntimeError, HTTPException) as error:
        raise TunerError(
            f"{model}: the pretrained weights are not in {folder} and could not be downloaded ({one_line(error)}): "
            f"put {source.url} there as {path.name}, or use --weights FILE, or --set pretrained=false"
        ) from None
    return path


def _read(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        raise _unusable(file, "there is no such file")
    try:
        if file.suffix == ".safetensors":
            return dict(safetensors.torch.load_file(file))
        _check_packed(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        raise _unusable(file, error.strerror or one_line(error)) from None
    except TunerError:
        raise
    except UnpicklingError:
        raise _unusable(file, "it is broken, or holds more than tensors: that might be code, and is not run") from None
    except Exception:  # what torch and safetensors raise depends on where the file is broken
        raise _unusable(file, "it is broken or cut off") from None
    if not isinstance(state, Mapping):
        raise _unusable(file, f"it holds a {type(state).__name__} instead of a state dict")
    return state


def _check_packed(file: Path) -> None:
    """Raises TunerError for a compressed archive: torch.save never compresses, but torch.load would unpack anything."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > file.stat().st_size:
                raise _unusable(file, "it is compressed, and torch.save compresses nothing")


def _checked(model: str, file: Path, name: str, found: Any, expected: Tensor) -> Tensor:
    if not isinstance(found, Tensor):
        raise _unusable(file, f"it holds no weights of {model}: {name} is missing")
    if found.shape != expected.shape:
        shapes = f"{tuple(found.shape)} instead of {tuple(expected.shape)}"
        raise _unusable(file, f"it holds no weights of {model}: {name} has the shape {shapes}")
    return found.detach().to(expected.dtype).contiguous()


def _unusable(file: Path, reason: str) -> TunerError:
    return TunerError(f"cannot use the weights {file}: {reason}")
