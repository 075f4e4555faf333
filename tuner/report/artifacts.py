"""Sends a sweep's report to MLflow, as artifacts of the sweep's own run."""

from __future__ import annotations

from pathlib import Path

from mlflow import MlflowClient

from tuner.config import SweepConfig
from tuner.outage import stubborn_requests
from tuner.store import Store
from tuner.tracking import UID_TAG


class NoRunError(RuntimeError):
    """The tracking store does not know the sweep."""


def send_report(store: Store, config: SweepConfig, folder: Path) -> None:
    """Copies the folder's files to the run's artifacts, under the folder's name.

    Raises:
        NoRunError: there is no such run.
        Exception: whatever MLflow raises when its server cannot be reached.
    """
    if store.embedded and not (folder.parents[1] / "mlflow.db").exists():
        raise NoRunError(f"{store.uri} does not exist")
    client = MlflowClient(store.uri, store.uri)
    experiment = client.get_experiment_by_name(config.pair)
    mine = f"tags.`{UID_TAG}` = '{config.uid}' and attributes.run_name = '{config.name}'"  # its trials' have a suffix
    runs = client.search_runs([experiment.experiment_id], mine) if experiment else []
    if not runs:
        raise NoRunError(f"there is no run of {config.name} at {store.address}")
    with stubborn_requests():
        client.log_artifacts(runs[0].info.run_id, str(folder), folder.name)


def has_report(store: Store, run_id: str, folder: Path) -> bool:
    """Whether all the folder's files are among the run's artifacts."""
    artifacts = MlflowClient(store.uri, store.uri).list_artifacts(run_id, folder.name)
    return {path.name for path in folder.iterdir()} <= {Path(each.path).name for each in artifacts}
