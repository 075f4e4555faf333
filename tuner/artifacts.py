"""Checkpoints among the artifacts of a sweep's run, for clusters whose only common place is the MLflow server."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from tuner.environment import prepare
from tuner.storage import earlier, last, name_of
from tuner.tracking import TRIAL_TAG, UID_TAG

FOLDER = "checkpoints"


@dataclass(frozen=True)
class RunStorage:
    """The artifacts of the sweep's own run. The login is that of each node's environment. See `storage.Storage`."""

    uri: str
    """Of the server, without a password."""
    experiment: str
    uid: str
    """The sweep's."""

    def put(self, number: int, epoch: int, file: Path) -> None:
        """See Storage."""
        client, run_id = self._run()
        with TemporaryDirectory() as folder:
            named = Path(folder) / name_of(number, epoch)
            shutil.copyfile(file, named)
            client.log_artifact(run_id, str(named), FOLDER)
        with suppress(Exception):  # what remains there costs disk, and no trial
            for name in earlier(self._names(), number, epoch):
                self._delete(f"{FOLDER}/{name}")

    def get(self, number: int, file: Path) -> bool:
        """See Storage."""
        client, run_id = self._run()
        name = last(self._names(), number)
        if name is None:
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=file.parent) as folder:
            Path(client.download_artifacts(run_id, f"{FOLDER}/{name}", folder)).replace(file)
        return True

    def clear(self) -> None:
        """Deletes the files of all trials."""
        if self._names():
            self._delete(FOLDER)

    def _names(self) -> list[str]:
        client, run_id = self._run()
        return [each.path.rpartition("/")[2] for each in client.list_artifacts(run_id, FOLDER)]

    def _delete(self, path: str) -> None:
        client, run_id = self._run()
        get_artifact_repository(client.get_run(run_id).info.artifact_uri, self.uri).delete_artifacts(path)

    def _run(self) -> tuple[MlflowClient, str]:
        prepare()  # on the nodes of a cluster nobody has, and with MLflow's own retries a trial would wait for minutes
        return _found(self)


@cache
def _found(storage: RunStorage) -> tuple[MlflowClient, str]:
    client = MlflowClient(storage.uri, storage.uri)
    experiment = client.get_experiment_by_name(storage.experiment)
    runs = client.search_runs([experiment.experiment_id], f"tags.`{UID_TAG}` = '{storage.uid}'") if experiment else []
    for run in runs:
        if TRIAL_TAG not in run.data.tags:
            return client, str(run.info.run_id)
    raise MlflowException(f"the run of the sweep {storage.uid} is not there yet")
