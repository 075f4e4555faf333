"""Whether a server or database takes runs and artifacts, asked before a sweep trains."""

from __future__ import annotations

import re
import tempfile
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from tuner.core.errors import TunerError, one_line
from tuner.tracking.client import make_client
from tuner.tracking.experiment import KIND, find_experiment
from tuner.tracking.retry import error_cause, is_transient, retry
from tuner.tracking.store import Store
from tuner.tracking.store_check import UnreachableError

PATIENCE_S = 5.0
NAME = "tuner-check.txt"  # always the same: where it cannot be deleted, an experiment has one
_LONGEST = 200  # of an answer; a proxy's may be a page of HTML


def check_writable(store: Store, pair: str) -> str:
    """Makes the experiment of a pair, as the sweep would, and writes and deletes a small file among its artifacts.

    Returns a line that says so if the file is left there, since it cannot be deleted; else nothing.

    Raises:
        UnreachableError: the server does not answer.
        TunerError: it refuses to write, or keeps artifacts where this machine cannot write them.
    """
    return store.name_errors(lambda: _check(store.uri, pair))


def _check(uri: str, pair: str) -> str:
    try:
        experiment = retry(partial(_write_tag, uri, pair), PATIENCE_S)
    except Exception as error:  # also what SQLAlchemy raises of a database without MLflow's tables
        raise _told("it takes no runs", error) from None
    try:
        return retry(partial(_write_file, uri, experiment.artifact_location), PATIENCE_S)
    except Exception as error:  # whatever the library of a storage raises
        place, cause = experiment.artifact_location, _cause(error)
        advice = _advice(place, cause) if uri.startswith("http") else ""
        raise _told(f"artifacts go to {place}, which cannot be written from here{advice}", error) from None


def _write_tag(uri: str, pair: str) -> Experiment:
    client = make_client(uri)
    experiment = client.get_experiment(find_experiment(client, pair, None))
    for name, value in KIND.items():  # as it is; only those who may write can set it
        client.set_experiment_tag(experiment.experiment_id, name, value)
    return experiment


def _write_file(uri: str, place: str) -> str:
    repository = get_artifact_repository(place, tracking_uri=uri)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / NAME
        file.write_text("Written by tuner to see whether artifacts can be written.\n", encoding="utf-8")
        repository.log_artifact(str(file))
    try:
        repository.delete_artifacts(NAME)
    except Exception as error:  # not all who may write may delete
        return f"{NAME}, which showed that artifacts can be written, stays in {place}: {_cause(error)}"
    return ""


def _advice(place: str, cause: str) -> str:
    """What the one who runs the server can do."""
    scheme = urlsplit(place).scheme
    if scheme == "mlflow-artifacts":
        if re.search(r"\b500\b", cause):
            return " (the server fails to write: look at its log, and at the folder that it keeps artifacts in)"
        return " (is the server started with --no-serve-artifacts?)"
    if scheme in ("", "file"):
        return " (it is a folder of the server: start that with --serve-artifacts, and name a new experiment)"
    return ""


def _told(what: str, error: Exception) -> TunerError:
    cause = _cause(error)
    refused = re.search(r"failed with error code 4(?!08|29)", cause)  # by a proxy, in words of its own
    kind = UnreachableError if is_transient(error) and not refused else TunerError
    return kind(f"{what}: {cause}")


def _cause(error: Exception) -> str:
    named = isinstance(error, MlflowException) or hasattr(error, "orig")  # as SQLAlchemy's have it
    return (error_cause(error) if named else one_line(error))[:_LONGEST]
