"""`tuner du`: what sweeps, the MLflow store, caches and data take on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tuner.core.config import SweepConfig
from tuner.core.deletion import DELETING_FOLDER, unfinished_deletions
from tuner.core.disk_usage import disk_usage
from tuner.core.errors import TunerError
from tuner.core.sweep_folder import sweep_names
from tuner.sweeps.model_lookup import store_with_models

_STORE = ("mlflow.db", "mlflow.db-wal", "mlflow.db-shm", "mlflow.db-journal")
_ARTIFACTS = "artifacts"


@dataclass(frozen=True, kw_only=True)
class SweepDisk:
    """What a sweep takes, in bytes."""

    sweep: str
    folder: int
    artifacts: int
    """Its report and models in the home folder's MLflow store."""
    deleting: bool = False
    """Whether `tuner rm` has begun to delete it."""

    @property
    def bytes(self) -> int:
        """Both."""
        return self.folder + self.artifacts


@dataclass(frozen=True, kw_only=True)
class DiskUse:
    """What everything takes, in bytes."""

    home: Path
    data: Path
    sweeps: tuple[SweepDisk, ...]
    store: int
    """The MLflow store in the home folder without the artifacts of these sweeps."""
    others: Mapping[str, int]
    """Whatever else is in the home folder, such as `pictures`."""
    datasets: Mapping[str, int]
    """What is in the folder of the data: datasets, weights, caches."""
    total: int
    free: int
    """On the disk of the home folder."""


def measure_disk(home: Path, data: Path) -> DiskUse:
    """Measures all that is in the home folder and in the folder of the data."""
    sweeps, artifacts = tuple(_sweeps(home)), disk_usage(home / _ARTIFACTS)
    store = sum(disk_usage(home / name) for name in _STORE) + artifacts - sum(each.artifacts for each in sweeps)
    known = {*sweep_names(home), *_STORE, _ARTIFACTS, DELETING_FOLDER}
    others = {path.name: disk_usage(path) for path in _inside(home) if path.name not in known and path != data}
    datasets = {path.name: disk_usage(path) for path in _inside(data) if path != home} if data != home else {}
    total = sum(each.bytes for each in sweeps) + store + sum(others.values())
    if data.parent == home or not data.is_relative_to(home):  # otherwise they are among the others
        total += sum(datasets.values())
    return DiskUse(
        home=home,
        data=data,
        sweeps=sweeps,
        store=store,
        others={name: size for name, size in others.items() if size},
        datasets=datasets,
        total=total,
        free=shutil.disk_usage(home if home.is_dir() else Path.cwd()).free,
    )


def _sweeps(home: Path) -> Iterator[SweepDisk]:
    folders = _artifacts(home)

    def found(folder: Path, *, deleting: bool) -> SweepDisk:
        try:
            mine = folders.get(SweepConfig.load(folder).uid, [])
        except TunerError:  # it is damaged, or nearly deleted
            mine = []
        size = sum(map(disk_usage, mine))
        return SweepDisk(sweep=folder.name, folder=disk_usage(folder), artifacts=size, deleting=deleting)

    for name in sweep_names(home):
        yield found(home / name, deleting=False)
    for deletion in unfinished_deletions(home):
        yield found(deletion.folder, deleting=True)


def _artifacts(home: Path) -> Mapping[str, list[Path]]:
    """The folders of artifacts of each sweep, by its unique id; none where a server has them."""
    if not any(_inside(home / _ARTIFACTS)):
        return {}
    from tuner.tracking.disk import artifact_folders  # noqa: PLC0415 - imports MLflow, which takes seconds

    store = store_with_models(home)
    return artifact_folders(store) if store and store.embedded else {}


def _inside(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(folder.iterdir())
