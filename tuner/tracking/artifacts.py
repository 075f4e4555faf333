"""Checkpoints and reports as artifacts of a sweep's MLflow run."""

from __future__ import annotations

import shutil
import urllib.parse
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from tuner.core.config import SweepConfig
from tuner.core.environment import prepare_environment
from tuner.tracking.client import make_client
from tuner.tracking.retry import retried_uploads
from tuner.tracking.run_status import MOST_CHARACTERS, TRIAL_TAG, UID_TAG
from tuner.tracking.store import Store
from tuner.training.checkpoint_storage import earlier_names, file_name, last_name

CHECKPOINTS_FOLDER = "checkpoints"
NOTE_TAG = "mlflow.note.content"  # what MLflow's UI shows as the description of a run
NO_PICTURES: Mapping[str, str] = {}


@dataclass(frozen=True)
class ArtifactStorage:
    """The artifacts of the sweep's own run. Each node takes the login from its environment. See `storage.Storage`."""

    uri: str
    """The server's address, without a password."""
    experiment: str
    uid: str
    """The sweep's unique id."""
    folder: str = CHECKPOINTS_FOLDER
    """Among the run's artifacts."""

    def put(self, number: int, epoch: int, file: Path) -> None:
        """See Storage."""
        client, run_id = self._run()
        with TemporaryDirectory() as folder:
            named = Path(folder) / file_name(number, epoch)
            shutil.copyfile(file, named)
            client.log_artifact(run_id, str(named), self.folder)
        with suppress(Exception):  # leftover files only cost disk space
            for name in earlier_names(self._names(), number, epoch):
                self._delete(f"{self.folder}/{name}")

    def get(self, number: int, file: Path) -> bool:
        """See Storage."""
        client, run_id = self._run()
        name = last_name(self._names(), number)
        if name is None:
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=file.parent) as folder:
            Path(client.download_artifacts(run_id, f"{self.folder}/{name}", folder)).replace(file)
        return True

    def clear(self) -> None:
        """Deletes the files of all trials."""
        if self._names():
            self._delete(self.folder)

    def within(self, name: str) -> Self:
        """See Storage."""
        return replace(self, folder=f"{self.folder}/{name}")

    def _names(self) -> list[str]:
        client, run_id = self._run()
        return [each.path.rpartition("/")[2] for each in client.list_artifacts(run_id, self.folder)]

    def _delete(self, path: str) -> None:
        client, run_id = self._run()
        get_artifact_repository(client.get_run(run_id).info.artifact_uri, self.uri).delete_artifacts(path)

    def _run(self) -> tuple[MlflowClient, str]:
        # on a cluster's nodes nobody has called it, and with MLflow's own retries a trial would wait for minutes
        prepare_environment()
        return _find_run(self)


@cache
def _find_run(storage: ArtifactStorage) -> tuple[MlflowClient, str]:
    client = make_client(storage.uri)
    experiment = client.get_experiment_by_name(storage.experiment)
    runs = client.search_runs([experiment.experiment_id], f"tags.`{UID_TAG}` = '{storage.uid}'") if experiment else []
    for run in runs:
        if TRIAL_TAG not in run.data.tags:
            return client, str(run.info.run_id)
    raise MlflowException(f"the MLflow run of the sweep {storage.uid} does not exist yet")


class NoRunError(RuntimeError):
    """The tracking store does not know the sweep."""


def send_report(
    store: Store, config: SweepConfig, folder: Path, note: str = "", pictures: Mapping[str, str] = NO_PICTURES
) -> None:
    """Copies the folder's files to the run's artifacts, under the folder's name, and describes the run.

    Args:
        store: where the run is.
        config: of the sweep.
        folder: of the report.
        note: the run's description, in Markdown; none if it is empty.
        pictures: files of the folder that follow it, by their captions.

    Raises:
        NoRunError: there is no such run.
        Exception: whatever MLflow raises when its server cannot be reached.
    """
    run = find_sweep_run(store, config)
    client = make_client(store.uri)
    with retried_uploads():
        client.log_artifacts(run.info.run_id, str(folder), folder.name)
    if note:
        shown = [
            f"**{caption}**\n\n![{caption}]({_picture_address(run, f'{folder.name}/{file}')})"
            for caption, file in pictures.items()
        ]
        client.set_tag(run.info.run_id, NOTE_TAG, "\n\n".join([note, *shown])[:MOST_CHARACTERS])


def _picture_address(run: Run, path: str) -> str:
    """Of an artifact, for MLflow's UI: relative to the page that it is."""
    return "get-artifact?" + urllib.parse.urlencode({"path": path, "run_uuid": run.info.run_id})


def find_sweep_run(store: Store, config: SweepConfig) -> Run:
    """The sweep's own run. Raises as `send_report` does."""
    if store.file is not None and not store.file.exists():
        raise NoRunError(f"{store.uri} does not exist")
    client = make_client(store.uri)
    experiment = client.get_experiment_by_name(config.pair)
    mine = f"tags.`{UID_TAG}` = '{config.uid}' and attributes.run_name = '{config.name}'"  # its trials' have a suffix
    runs = client.search_runs([experiment.experiment_id], mine) if experiment else []
    if not runs:
        raise NoRunError(f"there is no run of {config.name} at {store.address}")
    return runs[0]


def has_report(store: Store, run_id: str, folder: Path) -> bool:
    """Whether all the folder's files are among the run's artifacts."""
    artifacts = make_client(store.uri).list_artifacts(run_id, folder.name)
    return {path.name for path in folder.iterdir()} <= {Path(each.path).name for each in artifacts}
