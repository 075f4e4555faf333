"""Which artifacts of the embedded store belong to which sweep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mlflow.exceptions import MlflowException
from mlflow.utils.file_utils import local_file_uri_to_path

from tuner.tracking.client import make_client
from tuner.tracking.run_status import UID_TAG
from tuner.tracking.store import Store

MODELS_FOLDER = "models"  # in an experiment's folder, beside those of the runs: a folder for each logged model


def artifacts_root(store: Store) -> Path:
    """The folder of all artifacts of an embedded store."""
    return Path(local_file_uri_to_path(str(store.artifacts)))


def artifact_folders(store: Store) -> dict[str, list[Path]]:
    """The folders with artifacts of an embedded store, by the unique id of the sweep that they belong to.

    Those whose run is gone are under the empty name.
    """
    client = make_client(store.uri)
    found: dict[str, list[Path]] = defaultdict(list)
    uids: dict[str, str] = {}
    for folder, is_model in _folders(artifacts_root(store)):
        run_id = "" if is_model else folder.name
        with suppress(MlflowException):
            run_id = client.get_logged_model(folder.name).source_run_id or "" if is_model else run_id
            if run_id not in uids:
                uids[run_id] = client.get_run(run_id).data.tags.get(UID_TAG, "") if run_id else ""
        found[uids.get(run_id, "")].append(folder)
    return found


def _folders(root: Path) -> Iterator[tuple[Path, bool]]:
    """Each folder of a run or, as the second value tells, of a logged model."""
    for experiment in (path for path in root.glob("*") if path.is_dir()):
        for path in experiment.iterdir():
            if path.name == MODELS_FOLDER:
                yield from ((model, True) for model in path.iterdir())
            else:
                yield path, False
