"""A file of weights for mobilenet_v2 and images of textures, which its features tell apart, and pixels do not."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import interpolate

from support.model_inputs import settle
from tuner.data.spec import DataSpec, Split, Splits, moments

SIDE = 32


def textures(samples: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """(samples, 3, 32, 32) uint8 noise, fine or coarse, and which of both it is.

    Each pixel has the same distribution in both classes, so that no sum of pixels tells them apart.
    """
    generator = torch.Generator().manual_seed(seed)
    targets = torch.arange(samples) % 2
    images = torch.randint(0, 256, (samples, 3, SIDE, SIDE), generator=generator).float()
    coarse = interpolate(images[..., : SIDE // 8, : SIDE // 8], scale_factor=8.0)
    return torch.where(targets.bool()[:, None, None, None], coarse, images).to(torch.uint8), targets


def texture_splits(train: int, validation: int, test: int) -> Splits:
    """Different ones for each split."""
    inputs, targets = textures(train + validation + test)
    parts = zip(*(torch.split(each, [train, validation, test]) for each in (inputs, targets)), strict=True)
    first, second, third = (Split(*each) for each in parts)
    mean, std = moments(first.inputs)
    spec = DataSpec(
        name="textures", task="image", shape=(3, SIDE, SIDE), classes=("fine", "coarse"), mean=mean, std=std
    )
    return Splits(spec, first, second, third)


def write_weights(path: Path, seed: int = 0) -> Path:
    """A state dict as torchvision's, of random weights, whose batch norms know such images."""
    from torchvision.models import mobilenet_v2

    torch.manual_seed(seed)
    network = mobilenet_v2()
    settle(network.features, (textures(64)[0].float() - 128) / 64)
    save_file(network.state_dict(), path)
    return path
