"""The code that MLflow stores with a registered model (models-from-code) and runs to load and serve it."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

from tuner.core.errors import TunerError
from tuner.training.decision import decide
from tuner.training.open_model import open_model
from tuner.training.saved_model import answers, probabilities

_SERVING = "_MLFLOW_IS_IN_SERVING_ENVIRONMENT"  # set by MLflow's scoring server
_logger = logging.getLogger(__name__)


class TunedModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Raw samples in, class probabilities or numbers out; with the parameter `decide` the classes that are said."""

    def load_context(self, context: Any) -> None:
        """Called once by MLflow."""
        self._model, self._data = open_model(Path(context.artifacts["model"]))

    def predict(self, context: Any, model_input: np.ndarray, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """A row for each sample and a column, named after it, for each class; or one column, the number.

        With `params={"decide": True}` it is one column, `class`: the name of the class that is said. That is the most
        probable one, but for a model of two classes with a threshold of its own.

        The samples are what `tuner.data.encoding.to_inputs` takes. What is unknown to the model is told by a Python
        warning, and in the log of a server, whose clients get the reason of a refusal in its answer.
        """
        serving = os.environ.get(_SERVING) == "true"
        try:
            told, files = _log if serving else _warn, not serving
            if (params or {}).get("decide") and self._data.number is None:
                found = probabilities(self._model, self._data, model_input, tell=told, files=files)
                names = np.asarray(self._data.classes, dtype=object)
                return pd.DataFrame({"class": names[decide(found, self._data.threshold)]})
            return answers(self._model, self._data, model_input, tell=told, files=files)
        except TunerError as error:
            if not serving:
                raise
            raise MlflowException(str(error), INVALID_PARAMETER_VALUE) from None


def _log(note: str) -> None:
    _logger.warning(note)


def _warn(note: str) -> None:
    warnings.warn(note, UserWarning, stacklevel=2)


mlflow.models.set_model(TunedModel())
