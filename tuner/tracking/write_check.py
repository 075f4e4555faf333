"""Whether a server takes runs and artifacts, asked before a sweep trains."""

from __future__ import annotations

import re
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from tuner.core.errors import TunerError, one_line
from tuner.tracking.retry import error_cause, is_transient, retry
from tuner.tracking.runs import KIND, find_experiment
from tuner.tracking.store import Store
from tuner.tracking.store_check import UnreachableError

PATIENCE_S = 5.0
NAME = "tuner-check.txt"  # always the same: where nobody may delete, one is left
_LONGEST = 200  # of an answer; a proxy's may be a page of HTML


def check_writable(store: Store, pair: str) -> None:
    """Makes the experiment of a pair, as the sweep would, and writes and deletes a small file among its artifacts.

    Raises:
        UnreachableError: the server does not answer.
        TunerError: it refuses to write, or keeps artifacts where this machine cannot write them.
    """
    store.name_errors(lambda: _check(store.uri, pair))


def _check(uri: str, pair: str) -> None:
    try:
        experiment = retry(partial(_write_tag, MlflowClient(uri, uri), pair), PATIENCE_S)
    except MlflowException as error:
        raise _told("it takes no runs", error) from None
    try:
        retry(partial(_write_file, uri, experiment.artifact_location), PATIENCE_S)
    except Exception as error:  # whatever the library of a storage raises
        place = experiment.artifact_location
        raise _told(f"artifacts go to {place}, which cannot be written from here{_advice(place)}", error) from None


def _write_tag(client: MlflowClient, pair: str) -> Experiment:
    experiment = client.get_experiment(find_experiment(client, pair, None))
    for name, value in KIND.items():  # as it is; only those who may write can set it
        client.set_experiment_tag(experiment.experiment_id, name, value)
    return experiment


def _write_file(uri: str, place: str) -> None:
    repository = get_artifact_repository(place, tracking_uri=uri)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / NAME
        file.write_text("Written by tuner to see whether artifacts can be written.\n", encoding="utf-8")
        repository.log_artifact(str(file))
    with suppress(Exception):  # not all who may write may delete
        repository.delete_artifacts(NAME)


def _advice(place: str) -> str:
    """What the one who runs the server can do."""
    scheme = urlsplit(place).scheme
    if scheme == "mlflow-artifacts":
        return " (is the server started with --no-serve-artifacts?)"
    if scheme in ("", "file"):
        return " (it is a folder of the server: start that with --serve-artifacts, and name a new experiment)"
    return ""


def _told(what: str, error: Exception) -> TunerError:
    cause = error_cause(error) if isinstance(error, MlflowException) else one_line(error)
    refused = re.search(r"failed with error code 4(?!08|29)", cause)  # by a proxy, in words of its own
    kind = UnreachableError if is_transient(error) and not refused else TunerError
    return kind(f"{what}: {cause[:_LONGEST]}")
