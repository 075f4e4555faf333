"""What a name means now: a folder, an exported file, or a version in the registry, which an alias may leave."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tuner.core.errors import TunerError
from tuner.core.files import is_file
from tuner.core.sweep_folder import SweepFolder
from tuner.serving.model.metrics import Metrics
from tuner.serving.model.served import Origin, ServedModel
from tuner.serving.model.settings import Settings
from tuner.sweeps.model_lookup import REGISTRY, Warn, locate, model_in, store_with_models
from tuner.tracking.versions import Version, Versions
from tuner.training.open_model import own_code_run_by


class Place(NamedTuple):
    """Where a model is now."""

    path: Path | None
    """The folder of its files, or the exported file, for one that is in no registry."""
    model: str = ""
    """The registered model."""
    version: int = 0


class Source:
    """Finds and loads the model that a name means. Its functions are slow: they ask MLflow, and read files."""

    def __init__(self, name: str, home: Path, settings: Settings, metrics: Metrics, say: Warn) -> None:
        """`say` is told what a person should know of the model, before it is loaded."""
        self._name, self._home, self._settings, self._metrics, self._say = name, home, settings, metrics, say

    def find(self, warn: Warn | None = None) -> Place:
        """Where it is now; `warn` is told which version of several is meant, and why.

        Raises:
            TunerError: there is none.
            Exception: MLflow does not answer.
        """
        found = locate(self._name, self._home, warn)
        if isinstance(found, Path):
            return Place(found)
        model, alias, version = _parts(found)
        if not self._name.startswith(REGISTRY):
            self._name = model  # of a dataset, the pair that is best now
        if alias:
            number = self._versions(model).of_alias(alias)
            if number is None:
                raise TunerError(f"{found}: no version of {model} has this alias")
            return Place(None, model, number)
        if not version.isdecimal():
            raise TunerError(f"{found}: write {REGISTRY}NAME/VERSION or {REGISTRY}NAME@ALIAS")
        return Place(None, model, int(version))

    @property
    def follows(self) -> bool:
        """Whether the name may mean another version one day: not that of a folder or file, nor of one version."""
        if self._name.startswith(REGISTRY):
            return "@" in self._name
        return isinstance(locate(self._name, self._home), str)

    def load(self, place: Place) -> ServedModel:
        """Loads and tries it.

        Raises:
            TunerError: it cannot be loaded.
            Exception: MLflow does not answer, or the network does not work.
        """
        if place.path is not None:
            path = place.path.resolve()
            sweep = SweepFolder(path.parent)
            known = sweep.name if path == sweep.model and is_file(sweep.result) else ""
            return self._open(Origin(name=known or path.name, sweep=known), path, None)
        version = self.version_at(place)
        origin = Origin(
            name=place.model,
            version=str(place.version),
            sweep=version.sweep,
            created=version.created / 1000,
            tags=dict(version.tags),
        )
        scratch = TemporaryDirectory(prefix="tuner-serve-")
        try:
            folder = model_in(
                self._versions(place.model).download(version, Path(scratch.name)),
                f"{place.model} version {place.version}",
            )
            return self._open(origin, folder, scratch)
        except BaseException as error:
            scratch.cleanup()
            if isinstance(error, TunerError):  # the folder has another name each time
                raise TunerError(str(error).replace(f"{scratch.name}/", "")) from None
            raise

    def version_at(self, place: Place) -> Version:
        """The version of a place in the registry. Raises TunerError if there is none."""
        version = self._versions(place.model).one(place.version)
        if version is None:
            raise TunerError(f"{REGISTRY}{place.model}/{place.version}: there is no such version")
        return version

    def _open(self, origin: Origin, path: Path, scratch: TemporaryDirectory[str] | None) -> ServedModel:
        own = own_code_run_by(path)
        if own:
            self._say(f"note: {origin} runs code of its own: {own}")
        return ServedModel(origin, path, scratch, self._settings, self._metrics)

    def _versions(self, model: str) -> Versions:
        store = store_with_models(self._home)
        if store is None:
            raise TunerError(f"there is no MLflow store in {self._home}: start with tuner sweep, or set TUNER_HOME")
        return Versions(store.uri, model)


def _parts(uri: str) -> tuple[str, str, str]:
    """Model, alias and version of `models:/NAME@ALIAS` or `models:/NAME/VERSION`."""
    rest = uri.removeprefix(REGISTRY)
    if "@" in rest:
        model, _, alias = rest.rpartition("@")
        return model, alias, ""
    model, _, version = rest.rpartition("/")
    return model, "", version
