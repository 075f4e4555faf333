"""The experiment of a pair in MLflow."""

from __future__ import annotations

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tuner.tracking.client import HeardClient

KIND = {"mlflow.experimentKind": "custom_model_development"}  # MLflow's UI shows runs and charts first


def find_experiment(client: MlflowClient | HeardClient, name: str, artifacts: str | None) -> str:
    """The id of a pair's experiment, which is made or restored if needed. `artifacts` is the root of all artifacts."""
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            root = f"{artifacts}/{name}" if artifacts else None
            return str(client.create_experiment(name, artifact_location=root, tags=KIND))
        except MlflowException:  # another sweep may just have made it
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    elif found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)
