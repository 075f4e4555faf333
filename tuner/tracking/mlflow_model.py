"""The code that MLflow stores with a registered model (models-from-code) and runs to load and serve it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from tuner.training.saved_model import load_model, probabilities


class TunedModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Raw samples in, class probabilities out."""

    def load_context(self, context: Any) -> None:
        """Called once by MLflow."""
        self._model, self._data = load_model(Path(context.artifacts["model"]))

    def predict(self, context: Any, model_input: np.ndarray, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """A row for each sample, of an array or a data frame, and a column, named after it, for each class."""
        return pd.DataFrame(probabilities(self._model, self._data, model_input), columns=list(self._data.classes))


mlflow.models.set_model(TunedModel())
