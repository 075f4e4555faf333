"""The search space that is asked for, and whether training and the model take what it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tuner.core import own_code
from tuner.core.errors import TunerError, unknown
from tuner.core.python_space import SOURCE
from tuner.core.sweep_request import SweepRequest
from tuner.data.source import Source
from tuner.data.spec import DataSpec, Splits
from tuner.search.overrides import override
from tuner.search.space import SearchSpace
from tuner.search.space_defaults import default_space
from tuner.search.space_file import own_space, parse_space, read_file
from tuner.training.classifier import check_task, model_parameters, try_value
from tuner.training.hyperparameters import TRAINING_PARAMETERS


def requested_space(request: SweepRequest, data: Source, load: Callable[[], Splits]) -> tuple[dict[str, Any], str]:
    """The TOML of the search space with the overrides of the command line, and its name for messages."""
    if request.given_space is not None:
        raw, source = _with_epochs(request, data, load), SOURCE
    elif request.fixed is None:
        raw, source = read_space(data, request.model, request.space, load)
    else:
        raw, source = request.fixed, "--set"
    parse_space(raw, source)  # its own errors first, then those of the overrides
    if not request.overrides:
        return raw, source
    return override(raw, request.overrides), f"{source} with --set"


def _with_epochs(request: SweepRequest, data: Source, load: Callable[[], Splits]) -> dict[str, Any]:
    """The space that a dictionary gives. Where it says nothing of epochs, it has those of the pair's own space."""
    assert request.given_space is not None
    if "epochs" in request.given_space:
        return request.given_space
    epochs = request.max_epochs or read_space(data, request.model, None, load)[0]["epochs"]
    return {"epochs": epochs, **request.given_space}


def read_space(data: Source, model: str, file: Path | None, load: Callable[[], Splits]) -> tuple[dict[str, Any], str]:
    """The parsed TOML of `file`, or of the pair's file, or a default space; and its name for messages.

    Only the default space needs the data, because it depends on the task.
    """
    if file is not None:
        return read_file(file), str(file)
    own = own_space(data.name, model)
    if own is not None:
        return own
    spec = load().spec
    check_task(spec, model)
    return default_space(model, spec.task), f"the default space of {own_code.title(model)} for {spec.task} data"


def check_names(space: SearchSpace, model: str, source: str) -> None:
    """Raises TunerError for a parameter that neither training nor the model takes."""
    known = {*TRAINING_PARAMETERS, *model_parameters(model)}
    for parameter in space.parameters:
        if parameter.name not in known:
            error = unknown(f"parameter of training and of {own_code.title(model)}", parameter.name, known)
            raise TunerError(f"{source}: params.{parameter.name}: {error}")


def check_space(space: SearchSpace, model: str, data: DataSpec, source: str) -> None:
    """Tries every choice and both ends of every range.

    Raises:
        TunerError: training or the model refuses a value, or the model does not fit the data.
    """
    check_task(data, model)
    for parameter in space.parameters:
        for value in parameter.extremes:
            try:
                try_value(data, model, parameter.name, value)
            except TunerError as error:
                raise TunerError(f"{source}: params.{parameter.name}: {error}") from None
            except (TypeError, ValueError, RuntimeError) as error:
                reason = str(error).splitlines()[0]
                raise TunerError(f"{source}: params.{parameter.name}: {value!r} is refused: {reason}") from None
