"""Several models in one sweep: which there are, and which of them a trial has.

Their names stand in `SweepConfig.model` with commas between, as they are typed. In such a sweep the parameter `model`
of a trial says which it has, by its title. All that asks for the model of a trial asks `model_of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from tuner.core import catalog, own_code
from tuner.core.errors import TunerError
from tuner.core.files import is_file
from tuner.core.records import Value

MODEL = "model"
"""The parameter of a trial that says which model it has, in a sweep of several."""
MOST_NAMED = 3  # models in the name of a sweep; of more it has their number


def models_in(text: str) -> tuple[str, ...]:
    """The names that stand in a text with commas between. A path may have a comma, too.

    >>> models_in("cnn,lenet"), models_in("resnet")
    (('cnn', 'lenet'), ('resnet',))
    """
    if "," not in text or is_file(Path(text).expanduser()):
        return (text,)
    names = tuple(name.strip() for name in text.split(","))
    whole = all(own_code.is_own(name) for name in names if name.startswith("py:"))
    return names if whole else (text,)


def joined(names: Iterable[str]) -> str:
    """The reverse of `models_in`."""
    return ",".join(names)


def is_several(models: str) -> bool:
    """Whether these are several models."""
    return len(models_in(models)) > 1


def titles(models: str) -> tuple[str, ...]:
    """The title of each model: the values of MODEL."""
    return tuple(map(own_code.title, models_in(models)))


def title(models: str) -> str:
    """The second half of the name of a sweep and of its experiment.

    >>> title("cnn"), title("cnn,lenet"), title("cnn,lenet,mlp,resnet")
    ('cnn', 'cnn-lenet', '4models')
    """
    found = titles(models)
    return "-".join(found) if len(found) <= MOST_NAMED else f"{len(found)}models"


def shown(models: str) -> str:
    """The models for people: `cnn`, or `cnn, lenet or resnet`."""
    *most, last = titles(models)
    return f"{', '.join(most)} or {last}" if most else last


def model_of(models: str, parameters: Mapping[str, Value]) -> str:
    """The name of the model that a trial with these parameters has."""
    names = _by_title(models)
    return names[str(parameters[MODEL])] if len(names) > 1 else next(iter(names.values()))


@lru_cache(maxsize=64)
def _by_title(models: str) -> dict[str, str]:
    return {own_code.title(name): name for name in models_in(models)}


def own_parameters(models: str, parameters: Mapping[str, Value]) -> dict[str, Value]:
    """The parameters of a trial that its training and its model take: all but the one that says which model it is."""
    return {name: value for name, value in parameters.items() if name != MODEL or not is_several(models)}


def resolve(text: str) -> str:
    """The names of the models that a user typed: see `own_code.resolve`."""
    return joined(catalog.resolve("models", each) for each in models_in(text))


def check(models: str) -> None:
    """Raises TunerError when there is no model of a name, or two of several cannot be told apart."""
    names = models_in(models)
    for name in names:
        if not name:
            raise TunerError(f"MODEL {models}: write names with single commas between, such as cnn,lenet")
        catalog.check("models", name)
        if len(names) > 1 and "," in own_code.typed(name):
            raise TunerError(f"MODEL {own_code.typed(name)}: a path with a comma cannot stand among several models")
    for name in names:
        same = [each for each in names if own_code.title(each) == own_code.title(name)]
        if len(same) > 1:
            what = "is given twice" if len(set(same)) == 1 else "is the name of two models: rename a file"
            raise TunerError(f"MODEL {joined(map(own_code.typed, names))}: {own_code.title(name)} {what}")


def typed(models: str) -> str:
    """MODEL as a word of a command line."""
    return joined(map(own_code.typed, models_in(models)))


def places(models: str) -> str:
    """The names without the digests of a user's own code."""
    return joined(map(own_code.place_of, models_in(models)))


def own_names(models: str) -> Sequence[str]:
    """Those of the names that are a user's own code."""
    return [name for name in models_in(models) if own_code.is_own(name)]


def equal_time_text(passes: Mapping[str, float]) -> str:
    """One line: what an epoch is.

    >>> equal_time_text({"cnn": 1.0, "lenet": 3.42})
    'in equal times: an epoch is 1 pass over the training samples for cnn, 3.42 for lenet'
    """
    (first, once), *others = passes.items()
    rest = "".join(f", {number:g} for {model}" for model, number in others)
    return f"in equal times: an epoch is {once:g} pass over the training samples for {first}{rest}"
