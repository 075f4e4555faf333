"""Which saved model a name on the command line means."""

from __future__ import annotations

from pathlib import Path

from tuner.config import sweep_names
from tuner.description import FILE as DESCRIPTION
from tuner.errors import TunerError, unknown
from tuner.files import is_file
from tuner.store import Store

MODEL = "model"  # the folder of the winner in a sweep's folder
REGISTRY = "models:/"


def find_model(name: str, home: Path, scratch: Path) -> Path:
    """The folder of a saved model.

    Args:
        name: a sweep's name or folder, `models:/NAME@champion` or the like, or a pair such as `cifar10-resnet`,
            which means its champion.
        home: the folder of all sweeps.
        scratch: a folder for what is downloaded.

    Raises:
        TunerError: there is no such model.
    """
    if name.startswith(REGISTRY):
        return _download(name, home, scratch)
    for folder in (Path(name), home / name):
        if is_file(folder / DESCRIPTION):
            return folder
        if is_file(folder / MODEL / DESCRIPTION):
            return folder / MODEL
    if name in sweep_names(home):
        raise TunerError(f"the sweep {name} has no model yet: it is not finished: tuner resume {name}")
    return _champion(name, home, scratch)


def _champion(name: str, home: Path, scratch: Path) -> Path:
    from tuner.registry import CHAMPION, names  # noqa: PLC0415 - MLflow takes a while

    store = _store(home)
    known = names(store.uri) if store else []
    if name not in known:
        choices = [*known, *sweep_names(home)]
        if not choices:
            raise TunerError(f"unknown model '{name}': there is none in {home} yet: begin with tuner sweep")
        raise unknown("model", name, choices)
    return _download(f"{REGISTRY}{name}@{CHAMPION}", home, scratch)


def _download(uri: str, home: Path, scratch: Path) -> Path:
    from tuner.registry import download  # noqa: PLC0415

    store = _store(home)
    if not store:
        raise TunerError(f"{uri}: there is no MLflow store in {home}: begin with tuner sweep, or set TUNER_HOME")
    folder = download(store.uri, uri, scratch)
    found = sorted(folder.rglob(DESCRIPTION))
    if not found:
        raise TunerError(f"{uri} is not a model that tuner has registered")
    return found[0].parent


def _store(home: Path) -> Store | None:
    """The store when it answers. Asking an embedded one that is not there would make one."""
    store = Store.of(home)
    if store.embedded and not (home / "mlflow.db").exists():
        return None
    store.check()
    return store
