"""Finds the saved model that a name on the command line means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.core.config import SweepConfig
from tuner.core.ensemble import is_derived
from tuner.core.errors import TunerError, unknown
from tuner.core.files import is_file
from tuner.core.sweep_folder import SweepFolder, sweep_names
from tuner.tracking.score_tags import scores_in
from tuner.tracking.store import Store
from tuner.training.exported_model import SUFFIXES, is_exported
from tuner.training.model_description import DESCRIPTION_FILE

if TYPE_CHECKING:
    from tuner.tracking.versions import Version

REGISTRY = "models:/"
Warn = Callable[[str], None]


def find_model(name: str, home: Path, scratch: Path, warn: Warn | None = None) -> Path:
    """The folder of a saved model, or the file of an exported one: what `open_model` takes.

    Args:
        name: a sweep's name or folder, `models:/NAME@champion` or the like, or a pair such as `cifar10-resnet`,
            which means its champion, or its newest version while it has none; or a dataset, which means the best pair
            of it, as in `tuner compare`; or a file of `tuner export`.
        home: the folder of all sweeps.
        scratch: a folder for downloads.
        warn: is told when a pair has no champion, and which pair of a dataset is meant.

    Raises:
        TunerError: there is no such model.
    """
    found = locate(name, home, warn)
    return found if isinstance(found, Path) else _download(found, home, scratch)


def locate(name: str, home: Path, warn: Warn | None = None) -> Path | str:
    """Where the model is that a name means, as in `find_model`: a folder, or `models:/NAME/...` for the registry.

    Raises:
        TunerError: there is no such model.
    """
    if name.startswith(REGISTRY):
        return name
    if Path(name).suffix in SUFFIXES.values():
        if not is_exported(Path(name)):
            raise TunerError(f"there is no file {name}: tuner export MODEL writes one")
        return Path(name)
    for folder in (Path(name), home / name):
        if is_file(folder / DESCRIPTION_FILE):
            return folder
        if is_file(SweepFolder(folder).model / DESCRIPTION_FILE):
            return SweepFolder(folder).model
    if name in sweep_names(home):
        if SweepConfig.load(home / name).program is not None:
            where = f"what it has saved is in {SweepFolder(home / name).model}"
            raise TunerError(f"{name} is a sweep of your own code, which alone knows how to predict: {where}")
        raise TunerError(f"the sweep {name} has no model yet, because it is not finished: tuner resume {name}")
    return _of_pair(name, home, warn)


def _of_pair(name: str, home: Path, warn: Warn | None) -> str:
    from tuner.tracking.versions import CHAMPION, Versions, registered_models  # noqa: PLC0415 - MLflow is slow to import

    store = store_with_models(home)
    known = registered_models(store.uri) if store else {}
    versions = Versions(store.uri, name).all() if store and known.get(name, 0) is None else []
    if versions:
        newest = versions[-1].number
        if warn:
            warn(f"{name} has no champion{_why_none(name, versions)}: version {newest}, its newest, answers")
        return f"{REGISTRY}{name}/{newest}"
    of_dataset = any(pair.rpartition("-")[0] == name for pair in known if not is_derived(pair))
    if known.get(name) is None and store and of_dataset:
        return _of_dataset(name, store, home, warn)
    if known.get(name) is None:
        choices = [*known, *sweep_names(home)]
        if not choices:
            raise TunerError(f"unknown model '{name}': there are no models in {home} yet: start with tuner sweep")
        raise unknown("model", name, choices)
    return f"{REGISTRY}{name}@{CHAMPION}"


def _of_dataset(name: str, store: Store, home: Path, warn: Warn | None) -> str:
    """The model that leads the table of `tuner compare` for a dataset."""
    from tuner.sweeps.compare import compare  # noqa: PLC0415 - imports MLflow

    rows = compare(store, home, name).rows
    best = rows[0].sweep.pair
    if warn:
        of = f", which has the best validation score of {len(rows)} models" if len(rows) > 1 else ", its only model"
        warn(f"{name} means {best} here{of}")
    return _of_pair(best, home, warn)


def _why_none(name: str, versions: Sequence[Version]) -> str:
    """Why none of these versions is the champion, as far as their scores tell."""
    scores = [scores_in(version.tags).values() for version in versions]
    if any(score.better for each in scores for score in each):
        return f" (to set it: tuner promote {name}/VERSION)"
    if all(scores):
        return ", since no model of it was better than always saying one class"
    which = "some" if any(scores) else "its"
    return f", since {which} models were not scored on a validation split (to set it: tuner promote {name}/VERSION)"


def _download(uri: str, home: Path, scratch: Path) -> Path:
    from tuner.tracking.versions import download_model  # noqa: PLC0415

    store = store_with_models(home)
    if not store:
        raise TunerError(f"{uri}: there is no MLflow store in {home}: start with tuner sweep, or set TUNER_HOME")
    return model_in(download_model(store.uri, uri, scratch), uri)


def model_in(folder: Path, name: str) -> Path:
    """The folder of `saved_model.save_model` among the files of a registered model. Raises TunerError for none."""
    found = sorted(folder.rglob(DESCRIPTION_FILE))
    if not found:
        raise TunerError(
            f"{name} has no network that tuner has trained: what your own training code saves is for that code alone"
        )
    return found[0].parent


def store_with_models(home: Path) -> Store | None:
    """The store, if it answers. A missing embedded store is not asked, because that would create it."""
    store = Store.of(home)
    if store.embedded and not (home / "mlflow.db").exists():
        return None
    store.check()
    return store
