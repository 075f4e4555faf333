"""A pretrained network's convolutions under a new head: which of them are trained, and how fast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

from torch import Tensor, nn
from torch.nn import functional

from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec

from ._checks import check_choice, check_dropout, check_flag, check_integer, check_number

WAYS = ("feature_extraction", "fine_tuning")
SMALLEST_SIDE = 32  # pixels: both networks halve a side five times
LR_SCALE = "lr_scale"  # the attribute of a parameter that optimizers read

SPACE: dict[str, Any] = {
    "batch_size": {"choices": [16, 32, 64]},
    "lr": [
        {"when": {"optimizer": "sgd"}, "low": 3e-3, "high": 0.1, "log": True},
        {"when": {"optimizer": ["adam", "adamw"]}, "low": 1e-4, "high": 3e-3, "log": True},
    ],
    "dropout": {"low": 0.0, "high": 0.6},
    "hidden": {"choices": [128, 256, 512]},
    "pretrained": {"choices": [True]},
    "train": {"choices": list(WAYS), "when": {"pretrained": True}},
    "augment": {"choices": [False], "when": {"train": "feature_extraction"}},
    "thaw": {"low": 1, "high": 3, "when": {"train": "fine_tuning"}},
    "thawed_lr": {"low": 0.03, "high": 0.3, "log": True, "when": {"train": "fine_tuning"}},
}
"""Lower learning rates than those of networks trained from scratch. The features of images that are not augmented are
computed once."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What both networks let their users choose."""

    dropout: float
    """Share of the hidden units dropped before the classifier, 0 to 0.95."""
    hidden: int
    """Units of the hidden dense layer, 1 to 4096."""
    pretrained: bool
    """Whether the convolutions start from ImageNet weights. If not, all is trained, and the fields below are unused."""
    train: str
    """feature_extraction: only the head is trained; fine_tuning: the last blocks too."""
    thaw: int
    """How many blocks are trained in fine_tuning."""
    thawed_lr: float
    """Factor on the learning rate of these blocks, 0 to 1."""

    def check(self, model: str, data: DataSpec, blocks: int, least: int = SMALLEST_SIDE) -> None:
        """Raises TunerError for a value out of range, and for images that the network cannot take.

        `least` is how many pixels a side has at least.
        """
        check_dropout(model, self.dropout)
        check_integer(model, "hidden", self.hidden, 1, 4096)
        check_flag(model, "pretrained", self.pretrained)
        check_choice(model, "train", self.train, WAYS)
        check_integer(model, "thaw", self.thaw, 0, blocks)
        check_number(model, "thawed_lr", self.thawed_lr, 0, 1)
        channels, height, width = data.shape
        if channels not in (1, 3):
            raise TunerError(f"{model}: {data.name} has images of {channels} channels: choose data with 1 or 3")
        if min(height, width) < least:
            raise TunerError(
                f"{model}: {data.name} has images of {height}x{width} pixels: choose {least}x{least} or larger ones"
            )


class Transfer(nn.Module):
    """`features`, global average pooling, and a `head` of two dense layers with dropout between them.

    Images with a side below `resolution` pixels are enlarged first, so that the shorter side has as many. Frozen
    blocks have parameters without gradients, and stay in evaluation mode, so that the statistics of their batch norms
    do not move. The parameters of thawed blocks carry their factor on the learning rate as `lr_scale`.
    """

    def __init__(self, features: nn.Module, head: nn.Module, frozen: Sequence[nn.Module], resolution: int = 0) -> None:
        super().__init__()
        self.features = features
        self.head = head
        self.resolution = resolution
        self._frozen = tuple(frozen)  # a tuple, so that they are registered, and saved, in `features` only
        for block in frozen:
            block.requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 3, height, width) -> (batch, classes)."""
        logits: Tensor = self.head(self.extract(images))
        return logits

    def extract(self, images: Tensor) -> Tensor:
        """(batch, 3, height, width) -> (batch, channels): what the head gets. One channel stands for three alike."""
        colours = images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images
        maps: Tensor = self.features(self._enlarged(colours))
        return maps.mean((2, 3))

    @property
    def extracts_once(self) -> bool:
        """Whether the head alone is trained, so that the same image always gives the head the same numbers."""
        return not any(parameter.requires_grad for parameter in self.features.parameters())

    def _enlarged(self, images: Tensor) -> Tensor:
        scale = self.resolution / min(images.shape[-2:])
        if scale <= 1:
            return images
        sides = [round(side * scale) for side in images.shape[-2:]]
        return functional.interpolate(images, sides, mode="bicubic", align_corners=False)

    def train(self, mode: bool = True) -> Self:
        """As in every module, except that the frozen blocks stay in evaluation mode."""
        super().train(mode)
        for block in self._frozen:
            block.eval()
        return self


def transfer(
    features: nn.Module,
    blocks: Sequence[Iterable[nn.Module]],
    channels: int,
    classes: int,
    settings: Settings,
    resolution: int = 0,
) -> nn.Module:
    """The network; `blocks` divides the layers of `features`, from the image on. `channels` is their number of maps."""
    head = _head(channels, classes, settings)
    if not settings.pretrained:
        return Transfer(features, head, (), resolution)
    kept = len(blocks) - (settings.thaw if settings.train == "fine_tuning" else 0)
    for parameter in (parameter for layer in chain(*blocks[kept:]) for parameter in layer.parameters()):
        setattr(parameter, LR_SCALE, settings.thawed_lr)
    return Transfer(features, head, list(chain(*blocks[:kept])), resolution)


def _head(channels: int, classes: int, settings: Settings) -> nn.Module:
    hidden, output = nn.Linear(channels, settings.hidden), nn.Linear(settings.hidden, classes)
    nn.init.kaiming_normal_(hidden.weight, nonlinearity="relu")  # He et al. 2015, section 2.2
    nn.init.normal_(output.weight, std=0.01)  # at first all classes are about equally likely
    for layer in (hidden, output):
        nn.init.zeros_(layer.bias)
    return nn.Sequential(hidden, nn.ReLU(inplace=True), nn.Dropout(settings.dropout), output)
