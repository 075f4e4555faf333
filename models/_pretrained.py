"""Pretrained weights, from a user's file or as they were published. Nothing is unpickled."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from tuner.core.errors import TunerError, one_line

from ._weight_sources import WeightSource

IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""Mean and standard deviation of ImageNet's channels, red, green and blue, 0 to 255: those that torchvision uses."""


def pretrained_weights(
    model: str,
    source: WeightSource,
    expected: Mapping[str, Tensor],
    file: Path | None,
    folder: Path,
    published: Callable[[str], str] = str,
) -> dict[str, Tensor]:
    """The tensors named in `expected`, with its shapes and types. Other tensors in the file are ignored.

    Args:
        model: its name, for messages.
        source: where the published weights come from.
        expected: part of the network's state dict; its values do not matter, and may be on the meta device.
        file: a state dict of the published network, saved by `torch.save` or as .safetensors; None for `source`.
        folder: where a download is kept, under its published name.
        published: the name that a tensor of `expected` has in the file.

    Raises:
        TunerError: the file cannot be read or holds other weights, or there is none.
    """
    if file is None:
        file = source.find(model, folder)
    state = _read(file)
    return {name: _checked(model, file, published(name), state, tensor) for name, tensor in expected.items()}


def library_weights(model: str, network: nn.Module, file: Path, published: Callable[[str], str] = str) -> None:
    """Loads a library's own network with the weights of a file, but for those of other shapes, such as of its head.

    Args:
        model: its name, for messages.
        network: as the library builds it, which may know the names that its older files have.
        file: a state dict, as in `pretrained_weights`.
        published: the name in the network for one in the file.

    Raises:
        TunerError: the file cannot be read, or lacks weights of the network.
    """
    wanted = network.state_dict()
    found = {published(name): tensor for name, tensor in _read(file).items() if isinstance(tensor, Tensor)}
    fitting = {name: each for name, each in found.items() if name not in wanted or each.shape == wanted[name].shape}
    missing = [name for name in network.load_state_dict(fitting, strict=False).missing_keys if name not in found]
    if lost := [name for name in missing if not name.endswith("num_batches_tracked")]:
        raise _unusable(file, f"it holds no weights of {model}: {lost[0]} is missing")


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


def _checked(model: str, file: Path, name: str, state: Mapping[str, Any], expected: Tensor) -> Tensor:
    found = state.get(name)
    if not isinstance(found, Tensor):
        raise _unusable(file, f"it holds no weights of {model}: {name} is missing")
    if found.shape != expected.shape:
        shapes = f"{tuple(found.shape)} instead of {tuple(expected.shape)}"
        raise _unusable(file, f"it holds no weights of {model}: {name} has the shape {shapes}")
    return found.detach().to(expected.dtype).contiguous()


def _unusable(file: Path, reason: str) -> TunerError:
    return TunerError(f"cannot use the weights {file}: {reason}")
