"""Deletes a sweep's runs and logged models with their artifacts.

In the embedded store nothing is left of them. A server keeps what MLflow's clients can only mark as deleted, until its
administrator runs `mlflow gc`; their artifacts are deleted now. Everything can be repeated.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Experiment, LoggedModel, Run, ViewType
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.file_utils import local_file_uri_to_path

from tuner.core.config import SweepConfig
from tuner.tracking.artifacts import CHECKPOINTS_FOLDER
from tuner.tracking.client import make_client, pages
from tuner.tracking.disk import MODELS_FOLDER, artifacts_root
from tuner.tracking.retry import ignore_absence, retried_uploads
from tuner.tracking.run_status import TRIAL_TAG, UID_TAG
from tuner.tracking.store import Store


def delete_runs(store: Store, config: SweepConfig, *, keep_own: bool) -> tuple[int, list[str]]:
    """Deletes the runs of a sweep and of its trials, and the models that were logged to them.

    Args:
        store: where they are.
        config: the sweep's.
        keep_own: whether the sweep's own run stays, with its logged models and its artifacts but for checkpoints:
            registered versions are made of these.

    Returns:
        How many runs were deleted, and the addresses of artifacts that could not be.
    """
    client = make_client(store.uri)
    experiment = client.get_experiment_by_name(config.pair)
    if experiment is None:
        return 0, []
    deleter = _Deleter(store, client, experiment)
    runs = list(deleter.runs(config.uid))
    trials = [run for run in runs if TRIAL_TAG in run.data.tags]
    own = [run for run in runs if TRIAL_TAG not in run.data.tags]
    for run in trials if keep_own else [*trials, *own]:
        for model in deleter.models(run):
            deleter.delete_model(model)
        deleter.delete_run(run)
    for run in own if keep_own else []:
        deleter.delete_artifacts(run.info.artifact_uri, f"{run.info.run_id}/artifacts", CHECKPOINTS_FOLDER)
    return len(trials) + (0 if keep_own else len(own)), deleter.left


@dataclass
class _Deleter:
    """Deletes what belongs to one experiment."""

    store: Store
    client: MlflowClient
    experiment: Experiment

    def __post_init__(self) -> None:
        self.left: list[str] = []

    def runs(self, uid: str) -> Iterator[Run]:
        """The sweep's runs; of the embedded store also those that are marked as deleted."""
        view = ViewType.ALL if self.store.embedded else ViewType.ACTIVE_ONLY
        yield from pages(self.client.search_runs, [self.experiment.experiment_id], f"tags.`{UID_TAG}` = '{uid}'", view)

    def models(self, run: Run) -> list[LoggedModel]:
        """The models that were logged to a run."""
        mine = f"source_run_id = '{run.info.run_id}'"
        return list(self.client.search_logged_models([self.experiment.experiment_id], mine))

    def delete_run(self, run: Run) -> None:
        """A run with its artifacts."""
        run_id = run.info.run_id
        self.delete_artifacts(run.info.artifact_uri, run_id)
        with ignore_absence():
            if self.store.embedded:
                self._database._hard_delete_run(run_id)  # as `mlflow gc` does: there is no public way
            else:
                self.client.delete_run(run_id)

    def delete_model(self, model: LoggedModel) -> None:
        """A logged model with its artifacts."""
        self.delete_artifacts(model.artifact_location, f"{MODELS_FOLDER}/{model.model_id}")
        with ignore_absence():
            if self.store.embedded:
                self._database._hard_delete_logged_model(model.model_id)
            else:
                self.client.delete_logged_model(model.model_id)

    def delete_artifacts(self, uri: str, folder: str, part: str = "") -> None:
        """Artifacts, or a part of them.

        Those of the embedded store are looked for in the home folder, as `folder` of the experiment's. Where that has
        been copied or moved, `uri` still names the old place, which may be the home of others.
        """
        if not self.store.embedded:
            with ignore_absence(), retried_uploads():
                try:
                    get_artifact_repository(uri, self.store.uri).delete_artifacts(part or None)
                except NotImplementedError:
                    self.left.append(uri)
            return
        root = artifacts_root(self.store) / self.experiment.name
        shutil.rmtree(root / folder / part, ignore_errors=True)
        for empty in (root / MODELS_FOLDER, root):
            with suppress(OSError):  # it is not there, or has others in it
                empty.rmdir()
        place = Path(local_file_uri_to_path(uri)) / part
        if (root / folder / part).exists():
            self.left.append(str(root / folder / part))
        elif place.exists():
            self.left.append(str(place))

    @property
    def _database(self) -> Any:
        return self.client._tracking_client.store
