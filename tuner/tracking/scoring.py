"""MLflow's scoring protocol: what the body of a request to /invocations means, as `mlflow models serve` reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import StringIO
from typing import Any, NamedTuple

import numpy as np
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.models.utils import _enforce_params_schema
from mlflow.pyfunc.scoring_server import _parse_json_data, parse_csv_input
from mlflow.version import VERSION

from tuner.core.errors import TunerError, one_line
from tuner.data.spec import DataSpec
from tuner.tracking.signature import signature_of

CSV, JSON = "text/csv", "application/json"
PARAMS = "params"
_QUICK = {"inputs", "instances"}
_WRONG = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What MLflow, pandas and NumPy raise for bodies that are none; UnicodeError is a ValueError."""


class Asked(NamedTuple):
    """What a request asks for."""

    samples: Any
    """As `tuner.data.encoding.to_inputs` takes them."""
    decide: bool
    """Whether the class alone is wanted, see `mlflow_model`."""


class Protocol:
    """Reads the requests to one model."""

    version = VERSION
    """MLflow's, which /version answers."""

    def __init__(self, data: DataSpec) -> None:
        self._metadata = Model(signature=signature_of(data))
        self._schema = self._metadata.get_params_schema()

    def read(self, body: bytes, content_type: str) -> Asked:
        """What a body of CSV or JSON asks for.

        Raises:
            TunerError: it is not what it says, or has none of the protocol's forms.
        """
        try:
            if content_type == CSV:
                return Asked(parse_csv_input(StringIO(body.decode())), False)
            return self._read_json(body)
        except MlflowException as error:
            raise TunerError(_shortened(error.message)) from None
        except _WRONG as error:
            word = "CSV" if content_type == CSV else "JSON"
            raise TunerError(f"the body is no valid {word}: {one_line(error)}") from None

    def _read_json(self, body: bytes) -> Asked:
        parsed = json.loads(body)
        if isinstance(parsed, dict) and set(parsed) <= {*_QUICK, PARAMS} and len(_QUICK & set(parsed)) == 1:
            samples = parsed[next(iter(_QUICK & set(parsed)))]
            if isinstance(samples, list) and samples and not any(isinstance(each, dict) for each in samples):
                return Asked(np.array(samples), self._decides(parsed.get(PARAMS)))  # as below, without copies of it
        found = _parse_json_data(parsed if isinstance(parsed, dict) else body, self._metadata, None)
        return Asked(found.data, self._decides(found.params))

    def _decides(self, params: Mapping[str, Any] | None) -> bool:
        if not params or self._schema is None:
            return False
        return bool(_enforce_params_schema(params, self._schema).get("decide"))


def _shortened(message: str) -> str:
    """MLflow's message without the whole input, and without advice on protocols of years ago."""
    return one_line(ValueError(message.partition("\nInput:")[0].partition(". IMPORTANT:")[0]))
