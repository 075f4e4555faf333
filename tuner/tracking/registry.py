"""Logs the best model of a sweep, without pickle, and registers it as a version of its pair. See also `versions`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from numpy.typing import NDArray

from tuner.core.code_requirements import requirements_of
from tuner.core.kept_code import KeptCode
from tuner.core.package import copy_package
from tuner.data.spec import DataSpec
from tuner.tracking.client import make_client
from tuner.tracking.retry import ignore_refusal, retried_uploads
from tuner.tracking.run_status import BEST_TRIAL_TAG, SWEEP_TAG, TEST_DATA_TAG, UID_TAG
from tuner.tracking.signature import signature_of

_REQUIREMENTS = ("mlflow", "numpy", "pandas", "pillow", "safetensors", "scikit-learn", "torch", "torchvision")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A model that a sweep has trained and tested."""

    name: str
    """The pair's name, which is the name of the registered model."""
    sweep: str
    uid: str
    run_id: str
    """The sweep's own run."""
    folder: Path
    """Its files, see `saved.save_model`."""
    data: DataSpec
    example: NDArray[Any] | pd.DataFrame
    """Some raw samples, see `inputs.to_raw`, kept with the model as its input example."""
    score: float
    """On the test split: the accuracy, or R2."""
    test_data: str
    """The test split's fingerprint."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """More tags of the version, such as its validation score."""
    trial: int | str = 0
    """The number of the trial in its sweep; of an ensemble, which trials it has."""
    tested_before: int = 0
    """See `Winner.tested_before`: 0 for the first winner of a sweep. It is the step of its metrics."""
    description: str = ""
    """What people should know of it before they use it."""
    code: KeptCode | None = None
    """The user's own code of its network."""


def register(uri: str, candidate: Candidate) -> str:
    """Logs and registers the model, once for each winner of a sweep. Returns its URI, `models:/NAME/VERSION`."""
    client = make_client(uri)
    version = _registered(client, candidate) or _new_version(client, uri, candidate)
    return f"models:/{version.name}/{version.version}"


def _registered(client: MlflowClient, candidate: Candidate) -> ModelVersion | None:
    """The model's version. Duplicates are deleted: a request whose answer was lost may have been processed."""
    versions = client.search_model_versions(f"name = '{candidate.name}'")
    of_sweep = (each for each in versions if each.tags.get(UID_TAG) == candidate.uid)
    own = sorted((each for each in of_sweep if _is_of(each.tags, candidate)), key=lambda v: int(v.version))
    for double in own[1:]:
        with ignore_refusal():  # some users may write but not delete
            client.delete_model_version(double.name, double.version)
    return own[0] if own else None


def _new_version(client: MlflowClient, uri: str, candidate: Candidate) -> ModelVersion:
    logged = _logged(client, candidate) or _log_model(client, uri, candidate)
    try:
        client.create_registered_model(candidate.name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    kind = candidate.data.kind
    tags = {
        SWEEP_TAG: candidate.sweep,
        UID_TAG: candidate.uid,
        BEST_TRIAL_TAG: str(candidate.trial),
        f"tuner.test_{kind.score}": repr(candidate.score),
        TEST_DATA_TAG: candidate.test_data,
        **candidate.tags,
    }
    return client.create_model_version(
        candidate.name,
        logged.model_uri,
        candidate.run_id,
        tags=tags,
        description=candidate.description or None,
        model_id=logged.model_id,
    )


def _logged(client: MlflowClient, candidate: Candidate) -> LoggedModel | None:
    """The model that an earlier attempt logged completely, if there is one. Others of this trial are deleted."""
    experiment = client.get_run(candidate.run_id).info.experiment_id
    every = client.search_logged_models([experiment], f"source_run_id = '{candidate.run_id}'")
    models = [model for model in every if _is_of(model.tags or {}, candidate)]
    whole = [model for model in models if model.status == LoggedModelStatus.READY]
    for model in models:
        if model not in whole[:1]:
            with ignore_refusal():
                client.delete_logged_model(model.model_id)
    return whole[0] if whole else None


def _is_of(tags: Mapping[str, str], candidate: Candidate) -> bool:
    """Whether these tags are of the candidate's trial. Earlier versions of tuner noted none: a sweep had one winner."""
    return tags.get(BEST_TRIAL_TAG, "" if candidate.tested_before else str(candidate.trial)) == str(candidate.trial)


def _log_model(client: MlflowClient, uri: str, candidate: Candidate) -> LoggedModel:
    """Logs the model with this package's code, so that it loads wherever torch is, whatever version is installed."""
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    with tempfile.TemporaryDirectory() as scratch, retried_uploads(), _within(candidate.run_id):
        package = copy_package(Path(scratch))
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(package / "tracking" / "mlflow_model.py"),
            artifacts={"model": str(candidate.folder)},
            code_paths=[str(package)],
            signature=signature_of(candidate.data),
            metadata=_inputs(candidate.data),
            tags={BEST_TRIAL_TAG: str(candidate.trial)},
            step=candidate.tested_before,
            input_example=candidate.example,
            pip_requirements=_requirements(candidate.code),
        )
    return client.get_logged_model(logged.model_id)


def _requirements(code: KeptCode | None) -> list[str]:
    ours = [f"{name}=={version(name)}" for name in _REQUIREMENTS]
    return list(dict.fromkeys([*ours, *(requirements_of(code) if code else [])]))


@contextmanager
def _within(run_id: str) -> Iterator[None]:
    """Logs to the run without ending it: it becomes FINISHED when the model is registered."""
    mlflow.start_run(run_id=run_id)
    try:
        yield
    finally:
        mlflow.end_run("RUNNING")


def _inputs(data: DataSpec) -> dict[str, Any]:
    """What goes in, in words of the model: for people, and kept as the logged model's metadata."""
    columns = [column.name for column in data.columns]
    return {"task": data.task, "shape": list(data.shape), "columns": columns, "threshold": data.threshold}
