"""Which sweep made a model that was downloaded from the registry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.models import Model

from tuner.tracking.client import make_client
from tuner.tracking.retry import is_transient
from tuner.tracking.run_tags import config_in

_FILE = "MLmodel"


def origin(uri: str, folder: Path) -> Mapping[str, Any]:
    """The fields of the SweepConfig of the sweep that made the model in `folder`; none where that is not known."""
    described = next((parent / _FILE for parent in folder.parents if (parent / _FILE).is_file()), None)
    run_id = Model.load(str(described)).run_id if described else None
    if not run_id:
        return {}
    try:
        return config_in(make_client(uri).get_run(run_id).data.tags)
    except MlflowException as error:
        if is_transient(error):
            raise
        return {}  # the run is gone
