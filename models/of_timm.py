"""Networks of timm by its names, such as timm:vit_small_patch16_224, with its weights; needs pip install timm."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from tuner.core.environment import download_timeout
from tuner.core.errors import TunerError, one_line, unknown
from tuner.data.spec import DataSpec, Task

from ._library import SPACES, Choices, adapt, body, built, normalisation
from ._pretrained import library_weights

_ATTENTION = ("vit", "former", "transformer", "deit", "beit", "eva", "cait", "hiera", "swin", "twins", "volo", "coat")


class Model:
    """What a file of models/ has, for one of timm's networks."""

    TASKS: tuple[Task, ...] = ("image",)

    def __init__(self, name: str) -> None:
        self.name = name
        self.full = f"timm:{name}"
        self.settings = _timm().get_pretrained_cfg(name)
        self.__doc__ = f"{name} of timm, with its weights, under a new last layer."
        family = _timm().model_entrypoint(name.partition(".")[0]).__module__.rpartition(".")[2]
        kind = "transformer" if any(word in family for word in _ATTENTION) else "convolutional"
        self.SPACE: dict[str, Any] = SPACES[kind]
        self.NORMALISATION = normalisation(self.settings.mean, self.settings.std)

    def build(
        self,
        data: DataSpec,
        *,
        dropout: float = 0.2,
        pretrained: bool = True,
        train: str = "feature_extraction",
        thawed_lr: float = 0.1,
        resolution: int = 0,
    ) -> nn.Module:
        """A classifier, float32 (batch, channels, height, width) -> (batch, classes). See `_library.Choices`.

        Raises:
            TunerError: a value out of its range, or one that timm refuses.
        """
        choices = Choices(
            dropout=dropout, pretrained=pretrained, train=train, thawed_lr=thawed_lr, resolution=resolution
        )
        choices.check(self.full)
        size = max(self.settings.input_size[1:])
        fixed = self.settings.fixed_input_size
        least = max((self.settings.min_input_size or (3, 0, 0))[1:])
        side = choices.side(self.full, size if fixed else None, least)
        more = {"img_size": side} if fixed and side != size else {}
        network = built(self.full, _timm().create_model, self.name, num_classes=len(data.classes), **more)
        return adapt(network, _heads(network), data, choices, side, fixed=fixed)

    def pretrained(self, file: Path | None, folder: Path) -> dict[str, Tensor]:
        """The weights of all but the last layer, under their names in `build`'s network.

        Args:
            file: a state dict of this network; None for the weights that timm downloads.
            folder: where a download is kept.

        Raises:
            TunerError: the file cannot be used or downloaded.
        """
        if file is None:
            network = self._downloaded(folder)
        else:
            network = _timm().create_model(self.name)
            library_weights(self.full, network, file)
        return body(network, _heads(network))

    def _downloaded(self, folder: Path) -> nn.Module:
        if not self.settings.has_weights:
            raise TunerError(f"{self.full}: timm has no weights of it: use --set pretrained=false")
        import_module("huggingface_hub").logging.set_verbosity_error()  # it tells of each try
        try:
            with download_timeout():
                network: nn.Module = _timm().create_model(self.name, pretrained=True, cache_dir=str(folder / "timm"))
        except Exception as error:  # what the hub's client raises is of many kinds
            raise TunerError(
                f"{self.full}: the pretrained weights are not in {folder / 'timm'} and could not be downloaded "
                f"({one_line(error)}): use --weights FILE, or --set pretrained=false"
            ) from None
        return network


@cache
def member(name: str) -> Model:
    """A network of timm, with or without the tag of its weights.

    Raises:
        TunerError: timm is not installed, or has none of this name; the message names the nearest ones.
    """
    known = _timm().list_models()
    if name.partition(".")[0] not in known:
        raise unknown("model of timm", name, known)
    tags = _timm().list_pretrained(f"{name.partition('.')[0]}.*")
    if "." in name and name not in tags:
        raise unknown("weights of timm", name, tags)
    return Model(name)


def _timm() -> ModuleType:
    try:
        return import_module("timm")
    except ModuleNotFoundError as error:
        if error.name != "timm":
            raise
        raise TunerError("timm:NAME: timm is not installed: pip install timm (tuner's extra 'timm')") from None


def _heads(network: Any) -> list[str]:
    """The names of the layers that give logits: a few networks have two."""
    found = network.get_classifier()
    layers = found if isinstance(found, tuple | list) else [found]
    return [name for name, layer in network.named_modules() if any(layer is each for each in layers)]
