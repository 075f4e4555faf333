"""The winner of a sweep in MLflow's model registry, stored without pickle, and the alias of the best one of a pair."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

from tuner.data import DataSpec, Split
from tuner.evaluate import TestScores
from tuner.tracking import SWEEP_TAG

CHAMPION = "champion"
ACCURACY_TAG, TEST_DATA_TAG = "tuner.test_accuracy", "tuner.test_data"
_REQUIREMENTS = ("mlflow", "numpy", "pandas", "safetensors", "scikit-learn", "torch", "torchvision")


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Where the model is, and whether it is its pair's best."""

    uri: str
    champion: bool
    note: str
    """How it compares with the champion before it."""


def register(
    uri: str, *, name: str, sweep: str, run_id: str, model: Path, data: DataSpec, example: Split, scores: TestScores
) -> Registered:
    """Logs the model in `model` (see `saved.save_model`) to the run, registers it, and moves `champion` if better.

    Args:
        example: some samples, kept with the model as its input example.
        scores: on the test split. Its fingerprint, `example` aside, is in the run's tags: see `log_test`.
    """
    client = MlflowClient(uri, uri)
    found = [v for v in client.search_model_versions(f"name = '{name}'") if v.tags.get(SWEEP_TAG) == sweep]
    registered = found[0] if found else _new_version(client, uri, name, sweep, run_id, model, data, example, scores)
    return _crown(client, registered)


def log_test(uri: str, run_id: str, scores: TestScores, test_data: str, winner: Mapping[str, str]) -> None:
    """Writes the test scores, the test split's fingerprint and the winning trial to the sweep's run."""
    client = MlflowClient(uri, uri)
    for metric, value in asdict(scores).items():
        client.log_metric(run_id, f"test_{metric}", value)
    for tag, text in {TEST_DATA_TAG: test_data, **winner}.items():
        client.set_tag(run_id, tag, text)


def _new_version(
    client: MlflowClient,
    uri: str,
    name: str,
    sweep: str,
    run_id: str,
    model: Path,
    data: DataSpec,
    example: Split,
    scores: TestScores,
) -> ModelVersion:
    logged = _log_model(uri, run_id, model, data, example)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    test_data = client.get_run(run_id).data.tags[TEST_DATA_TAG]
    tags = {SWEEP_TAG: sweep, ACCURACY_TAG: repr(scores.accuracy), TEST_DATA_TAG: test_data}
    return client.create_model_version(name, logged.model_uri, run_id, tags=tags, model_id=logged.model_id)


def _log_model(uri: str, run_id: str, model: Path, data: DataSpec, example: Split) -> mlflow.models.model.ModelInfo:
    """The package goes along with the model, so that it loads wherever torch is, whatever version is installed."""
    samples = example.inputs.numpy()
    signature = ModelSignature(
        inputs=Schema([TensorSpec(samples.dtype, (-1, *data.shape))]),
        outputs=Schema([ColSpec("float", name) for name in data.classes]),
    )
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    with tempfile.TemporaryDirectory() as scratch, as_file(files("tuner") / "served.py") as code:
        with mlflow.start_run(run_id=run_id):
            return mlflow.pyfunc.log_model(
                name="model",
                python_model=str(code),
                artifacts={"model": str(model)},
                code_paths=[str(_package(Path(scratch)))],
                signature=signature,
                input_example=np.ascontiguousarray(samples),
                pip_requirements=[f"{package}=={version(package)}" for package in _REQUIREMENTS],
            )


def _package(scratch: Path) -> Path:
    """A copy of this package with the catalog's folders where they install."""
    package = scratch / "tuner"
    ignore = shutil.ignore_patterns("__pycache__")
    with as_file(files("tuner")) as source:
        shutil.copytree(source, package, ignore=ignore)
    for part in ("models", "datasets", "search_spaces"):
        with as_file(files(f"tuner.{part}")) as source:
            shutil.copytree(source, package / part, ignore=ignore, dirs_exist_ok=True)
    return package


def _crown(client: MlflowClient, new: ModelVersion) -> Registered:
    """Moves `champion` to the new version if it is better on the same test split."""
    uri = f"models:/{new.name}@{CHAMPION}"
    accuracy = float(new.tags[ACCURACY_TAG])
    try:
        champion = client.get_model_version_by_alias(new.name, CHAMPION)
    except mlflow.exceptions.MlflowException:
        champion = None
    if champion is None:
        client.set_registered_model_alias(new.name, CHAMPION, new.version)
        return Registered(uri=uri, champion=True, note="the first model of this pair")
    if champion.version == new.version:
        return Registered(uri=uri, champion=True, note="the champion already")
    own = f"models:/{new.name}/{new.version}"
    if champion.tags.get(TEST_DATA_TAG) != new.tags[TEST_DATA_TAG]:
        return Registered(uri=own, champion=False, note=f"version {champion.version} was tested on other data")
    before = float(champion.tags[ACCURACY_TAG])
    if accuracy <= before:
        note = f"version {champion.version} stays champion with test accuracy {before:.4f}"
        return Registered(uri=own, champion=False, note=note)
    client.set_registered_model_alias(new.name, CHAMPION, new.version)
    return Registered(uri=uri, champion=True, note=f"it was {before:.4f} with version {champion.version}")
