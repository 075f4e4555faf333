"""A trained model in Python: raw samples in, classes or numbers out, in the words of scikit-learn."""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from tuner.core.environment import prepared_environment
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.data.spec import DataSpec
from tuner.training import saved_model
from tuner.training.decision import decide
from tuner.training.open_model import open_model


class Model:
    """A saved model, on the CPU. Samples are what `tuner.data.encoding.to_inputs` takes:

    images as an array or as paths of files, sentences as a list, rows of a table as a data frame or dictionaries.
    """

    def __init__(self, network: nn.Module, data: DataSpec) -> None:
        """`network` is a module of torch in evaluation mode."""
        self.network = network
        self.data = data
        """What it was trained on: the task, the shape of a sample, the columns."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the probabilities; none for a model that says numbers."""
        return self.data.classes

    def predict(self, samples: Any) -> NDArray[np.str_] | NDArray[np.float64]:
        """(samples,) the names of the classes that are said, or numbers in the unit of the target.

        A class is said as the most probable one, or by the model's threshold.

        Raises TunerError for samples of another kind or shape.
        """
        if self.data.number is not None:
            return saved_model.numbers(self.network, self.data.number, self.data, samples, tell=_warn)
        found = self._probabilities(samples)
        names: NDArray[np.str_] = np.asarray(self.classes)[decide(found, self.data.threshold)]
        return names

    def predict_proba(self, samples: Any) -> pd.DataFrame:
        """(samples, classes) probabilities, the columns named after the classes. Raises TunerError as `predict`."""
        if self.data.number is not None:
            raise TunerError(f"the model predicts '{self.data.number.name}', a number: it has no probabilities")
        return pd.DataFrame(self._probabilities(samples), columns=list(self.classes))

    def _probabilities(self, samples: Any) -> NDArray[np.float32]:
        return saved_model.probabilities(self.network, self.data, samples, tell=_warn)

    def __repr__(self) -> str:
        what = f"{len(self.classes)} classes" if self.data.number is None else f"predicts '{self.data.number.name}'"
        return f"<model of {self.data.task} data {self.data.name}, {what}>"


def load_model(name: str | Path) -> Model:
    """A model by its name.

    Args:
        name: a sweep or its folder, a pair such as `digits-cnn`, which means its champion, or `models:/NAME@champion`
            and `models:/NAME/3`; or a file of `tuner export`.

    Raises:
        TunerError: there is no such model; the message names the nearest ones.
    """
    from tuner.sweeps.model_lookup import find_model  # noqa: PLC0415

    with TemporaryDirectory() as scratch, prepared_environment():
        return Model(*open_model(find_model(str(name), tuner_home(), Path(scratch), _warn)))


def _warn(note: str) -> None:
    warnings.warn(note, UserWarning, stacklevel=4)
