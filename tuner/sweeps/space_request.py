"""The search space that is asked for, and whether training and the model take what it holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tuner.core import own_code
from tuner.core.errors import TunerError, unknown
from tuner.core.python_space import SOURCE
from tuner.core.several_models import MODEL, is_several, models_in, titles
from tuner.core.sweep_request import SweepRequest
from tuner.data.source import Source
from tuner.data.spec import DataSpec, Splits
from tuner.search.model_spaces import MODELS, flattened, merged
from tuner.search.overrides import Takes, override
from tuner.search.relations import OPTION
from tuner.search.space import Parameter, SearchSpace
from tuner.search.space_defaults import default_space
from tuner.search.space_file import own_space, parse_space, read_file
from tuner.search.space_relations import check_options, with_relations
from tuner.training.classifier import check_task, foreign_parameters, model_parameters, try_value
from tuner.training.hyperparameters import TRAINING_PARAMETERS


def requested_space(request: SweepRequest, data: Source, load: Callable[[], Splits]) -> tuple[dict[str, Any], str]:
    """The TOML of the search space with the overrides of the command line, and its name for messages."""
    if request.given_space is not None:
        raw, source = for_models(_with_epochs(request, data, load), SOURCE, request.model), SOURCE
    elif request.fixed is None:
        raw, source = read_space(data, request.model, request.space, load)
    else:
        raw, source = request.fixed, "--set"
    parse_space(raw, source)  # its own errors first, then those of the overrides
    if request.overrides:
        raw, source = override(raw, request.overrides, takes_of(request.model)), f"{source} with --set"
    if request.constrain:
        check_options(request.constrain, parse_space(raw, source, narrowed=True))
        source = f"{source} with {OPTION}"
    return with_relations(raw, request.constrain), source


def takes_of(models: str) -> Takes:
    """Says of one of these models, by its title, whether it or training takes a parameter."""
    names = dict(zip(titles(models), models_in(models), strict=True))
    return lambda title, name: name in {*TRAINING_PARAMETERS, *model_parameters(names[title])}


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
        return for_models(read_file(file), str(file), model), str(file)
    if is_several(model):
        return _several_spaces(data, model, load)
    own = own_space(data.name, model)
    if own is not None:
        return own
    spec = load().spec
    check_task(spec, model)
    return default_space(model, spec.task), f"the default space of {own_code.title(model)} for {spec.task} data"


def _several_spaces(data: Source, models: str, load: Callable[[], Splits]) -> tuple[dict[str, Any], str]:
    """The space of several models, from that of each."""
    spaces, sources = {}, []
    for model in models_in(models):
        raw, source = read_space(data, model, None, load)
        parse_space(raw, source)
        spaces[own_code.title(model)] = raw
        sources.append(source)
    return merged(spaces), " and ".join(sources)


def for_models(raw: dict[str, Any], source: str, models: str) -> dict[str, Any]:
    """The space of a file, or the like, as one of these models. Raises TunerError when it is one of others."""
    asked, said = list(titles(models)) if is_several(models) else [], raw.get(MODELS, [])
    if said and set(said) != set(asked):
        raise TunerError(f"{source}: it is a search space of {', '.join(said)}: give MODEL as {','.join(said)}")
    return {**flattened(raw, asked), MODELS: asked} if asked else raw


def check_names(space: SearchSpace, models: str, source: str) -> None:
    """Raises TunerError for a parameter that neither training nor the model takes."""
    for model in models_in(models):
        title = own_code.title(model)
        known = {*TRAINING_PARAMETERS, *model_parameters(model)}
        if space.models and MODEL in known:
            raise TunerError(f"{title} has a parameter '{MODEL}', which says in a sweep of several which it is")
        for parameter in _of_model(space, title):
            if parameter.name not in known:
                error = unknown(
                    f"parameter of training and of {title}", parameter.name, known - foreign_parameters(model)
                )
                raise TunerError(f"{source}: params.{parameter.key}: {error}")


def _of_model(space: SearchSpace, title: str) -> list[Parameter]:
    """The parameters that a trial of a model may have, without the one that says which it is."""
    own = [each for each in space.parameters if each.model in ("", title)]
    if not space.models:
        return own
    return [each for each in own if each.name != MODEL and (each.parent != MODEL or title in each.parent_values)]


def check_space(space: SearchSpace, models: str, data: DataSpec, source: str) -> None:
    """Tries every choice and both ends of every range.

    Raises:
        TunerError: training or a model refuses a value, or a model does not fit the data.
    """
    for model in models_in(models):
        check_task(data, model)
        _check_values(_of_model(space, own_code.title(model)), model, data, source)


def _check_values(parameters: Sequence[Parameter], model: str, data: DataSpec, source: str) -> None:
    for parameter in parameters:
        for value in parameter.extremes:
            try:
                try_value(data, model, parameter.name, value)
            except TunerError as error:
                raise TunerError(f"{source}: params.{parameter.key}: {error}") from None
            except (TypeError, ValueError, RuntimeError) as error:
                reason = str(error).splitlines()[0]
                raise TunerError(f"{source}: params.{parameter.key}: {value!r} is refused: {reason}") from None
