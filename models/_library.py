"""A network of another library under a new last layer: which of its layers are trained, and how fast."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec

from ._checks import check_choice, check_dropout, check_flag, check_integer, check_number
from ._transfer import LR_SCALE, WAYS
from ._transfer import SPACE as TRANSFER_SPACE

PRETRAINED_SIDE, SCRATCH_SIDE = 160, 64  # pixels that images of a convolutional network have at least
COLOURS = 3  # channels of the images that all libraries' weights are for
_COMMON = {"dropout": {"low": 0.0, "high": 0.5}} | {
    name: TRANSFER_SPACE[name] for name in ("batch_size", "pretrained", "train", "augment", "thawed_lr")
}
SPACES: dict[str, dict[str, Any]] = {
    "convolutional": {**_COMMON, "lr": TRANSFER_SPACE["lr"]},
    "transformer": {
        **_COMMON,
        "optimizer": {"choices": ["adamw"]},
        "lr": {"low": 1e-4, "high": 3e-3, "log": True},
        "weight_decay": {"low": 1e-3, "high": 0.3, "log": True},
        "warmup": {"low": 0.05, "high": 0.3},
    },
}
"""The default space by kind. Transformers are trained with AdamW and a warm-up (Touvron et al. 2021, section 4)."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What users may choose for any network of a library."""

    dropout: float
    """Share of the last layer's inputs that are dropped, 0 to 0.95."""
    pretrained: bool
    """Whether all but the last layer starts from the library's weights. If not, all is trained alike."""
    train: str
    """feature_extraction: only the last layer is trained; fine_tuning: all layers."""
    thawed_lr: float
    """Factor on the learning rate of pretrained layers in fine_tuning, 0 to 1."""
    resolution: int
    """Pixels of an image's side, 0 for a default."""

    def check(self, model: str) -> None:
        """Raises TunerError for a value out of its range."""
        check_dropout(model, self.dropout)
        check_flag(model, "pretrained", self.pretrained)
        check_choice(model, "train", self.train, WAYS)
        check_number(model, "thawed_lr", self.thawed_lr, 0, 1)
        if self.resolution != 0:
            check_integer(model, "resolution", self.resolution, 32, 1024)

    def side(self, model: str, fixed: int | None, least: int) -> int:
        """Pixels of a side: of every image where it is `fixed`, else of the smallest one.

        Raises:
            TunerError: the weights are for images of another size.
        """
        if fixed and self.pretrained and self.resolution not in (0, fixed):
            raise TunerError(
                f"{model}: resolution is {self.resolution}: the pretrained weights are for images of {fixed} pixels: "
                "leave it out, or use --set pretrained=false"
            )
        return self.resolution or fixed or max(least, PRETRAINED_SIDE if self.pretrained else SCRATCH_SIDE)


class LibraryNetwork(nn.Module):
    """A library's `network`, whose last layer is a new one after dropout, with images of the size that it needs."""

    def __init__(self, network: nn.Module, heads: list[str], choices: Choices, side: int, *, fixed: bool) -> None:
        """`heads` are the names of the layers that give logits. They are new, and trained in any case."""
        super().__init__()
        self.network = network
        self.resolution = side
        self._fixed = fixed
        self._frozen = choices.pretrained and choices.train == "feature_extraction"
        if choices.pretrained:
            _treat(network, None if self._frozen else choices.thawed_lr)
        layers = [_replace_head(network, name, choices.dropout) for name in heads]
        self._heads = tuple(layers)  # a tuple, so that they are registered, and saved, in `network` only
        self._linear = len(layers) == 1 and isinstance(layers[0][1], nn.Linear)

    @property
    def head(self) -> nn.Sequential:
        """Dropout and the last layer."""
        return self._heads[0]

    @property
    def extracts_once(self) -> bool:
        """Whether the last layer alone is trained, so that the same image always gives it the same numbers."""
        return self._frozen and self._linear

    def forward(self, images: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, classes)."""
        logits: Tensor = self.network(self._sized(images))
        return logits

    def extract(self, images: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, features): what the last layer gets."""
        given: list[Tensor] = []
        hook = self.head.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
        try:
            self(images)
        finally:
            hook.remove()
        return given[0]

    def train(self, mode: bool = True) -> Self:
        """As in every module, except that frozen layers stay in evaluation mode."""
        super().train(mode)
        if self._frozen:
            self.network.eval()
            for head in self._heads:
                head.train(mode)
        return self

    def _sized(self, images: Tensor) -> Tensor:
        sides = images.shape[-2:]
        if self._fixed:
            wanted = [self.resolution] * 2
        else:
            scale = max(1.0, self.resolution / min(sides))
            wanted = [round(side * scale) for side in sides]
        if list(sides) == wanted:
            return images
        return functional.interpolate(images, wanted, mode="bicubic", align_corners=False, antialias=True)


def adapt(
    network: nn.Module, heads: list[str], data: DataSpec, choices: Choices, side: int, *, fixed: bool
) -> LibraryNetwork:
    """The library's network for this data. Grey images come with three equal channels: the normalisation makes them."""
    channels = data.shape[0]
    if channels not in (1, COLOURS):
        _take_channels(network, channels)
    return LibraryNetwork(network, heads, choices, side, fixed=fixed)


def last_layer(network: nn.Module, classes: int) -> str:
    """The name of the layer that gives logits: the last one with as many outputs."""
    last = ""
    for name, layer in network.named_modules():
        if classes == getattr(layer, "out_features", getattr(layer, "out_channels", None)):
            last = name
    return last


def body(network: nn.Module, heads: list[str]) -> dict[str, Tensor]:
    """The weights of all but the last layer, under their names in a `LibraryNetwork`."""
    own = tuple(f"{name}." for name in heads)
    return {f"network.{name}": each for name, each in network.state_dict().items() if not name.startswith(own)}


def _treat(network: nn.Module, scale: float | None) -> None:
    """Freezes the parameters, or gives them their factor on the learning rate."""
    for parameter in network.parameters():
        if scale is None:
            parameter.requires_grad_(False)
        else:
            setattr(parameter, LR_SCALE, scale)


def _replace_head(network: nn.Module, name: str, dropout: float) -> nn.Sequential:
    layer = network.get_submodule(name)
    for parameter in layer.parameters():
        parameter.requires_grad_(True)
        if hasattr(parameter, LR_SCALE):
            delattr(parameter, LR_SCALE)
    head = nn.Sequential(nn.Dropout(dropout), layer)
    _set(network, name, head)
    return head


def _take_channels(network: nn.Module, channels: int) -> None:
    """Gives the first convolution as many channels. Weights for colours that are loaded are spread over them."""
    name, old = next((n, m) for n, m in network.named_modules() if isinstance(m, nn.Conv2d))
    new = deepcopy(old)
    new.in_channels = channels
    new.weight = nn.Parameter(torch.empty(len(old.weight), channels, *old.kernel_size, device=old.weight.device))
    nn.init.kaiming_normal_(new.weight, nonlinearity="relu")  # He et al. 2015, section 2.2
    key = f"{name}.weight"

    def spread(_: nn.Module, state: dict[str, Any], prefix: str, *__: Any) -> None:
        found = state.get(prefix + key)
        if isinstance(found, Tensor) and found.shape[1] == COLOURS:
            state[prefix + key] = found.mean(1, keepdim=True).expand_as(new.weight) * COLOURS / channels

    _set(network, name, new)
    network.register_load_state_dict_pre_hook(spread)  # type: ignore[no-untyped-call]


def _set(network: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(network.get_submodule(parent), own, layer)


def normalisation(mean: tuple[float, ...], std: tuple[float, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of pixels from 0 to 255, where a library has them for pixels from 0 to 1."""
    return tuple(255 * value for value in mean), tuple(255 * value for value in std)


def built(model: str, make: Any, *arguments: Any, **keywords: Any) -> nn.Module:
    """What the library makes. Raises TunerError where it refuses an argument."""
    try:
        network: nn.Module = make(*arguments, **keywords)
    except (ValueError, TypeError, AssertionError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError) or "meta" in str(error):
            raise
        given: Mapping[str, Any] = keywords
        words = ", ".join(f"{name}={value}" for name, value in given.items() if name not in ("num_classes", "weights"))
        raise TunerError(f"{model}: the library refuses {words}: {error or type(error).__name__}") from None
    return network
