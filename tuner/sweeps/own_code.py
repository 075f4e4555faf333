"""What a user is told of their own code: which file a name means, and that it has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tuner.core import catalog, own_code, several_models
from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.environment import was_sent
from tuner.core.several_models import models_in
from tuner.core.sweep_folder import sweeps_in
from tuner.core.sweep_request import SweepRequest
from tuner.data.source import Source


def read_own_code(request: SweepRequest, events: Callback, *, tell_space: bool = True) -> SweepRequest:
    """The request with the user's own code read: from then on it is known by its content.

    Files that plain names mean are told; the one of the search space unless that is not used.

    Raises:
        TunerError: a file is missing or is not valid Python, with its line.
    """
    for line in _found_here(request, tell_space=tell_space):
        events.on_note(line, warning=False)
    dataset = catalog.resolve("datasets", request.dataset)
    return replace(request, dataset=dataset, model=several_models.resolve(request.model))


def _found_here(request: SweepRequest, *, tell_space: bool) -> Iterator[str]:
    """A line for each name that means a file in the folder where one types."""
    models: list[tuple[own_code.Kind, str]] = [("models", text) for text in models_in(request.model)]
    for kind, text in [("datasets", request.dataset), *models]:
        file = own_code.found_here(kind, text)
        if file:
            known = f", not the {kind.removesuffix('s')} of tuner list" if text in catalog.names(kind) else ""
            yield f"{text} is {file} here{known}"
    if tell_space and request.space is None and request.fixed is None:
        data = Source.asked(request)
        for model in models_in(several_models.resolve(request.model)):
            file_here = own_code.space_here(f"{data.name}-{own_code.title(model)}")
            if file_here:
                whose = f"the search space of {own_code.title(model)}" if len(models) > 1 else "its search space"
                yield f"{whose} is ./{file_here}"


def tell_changes(config: SweepConfig, events: Callback) -> None:
    """Says which files of the user's own code are not what a sweep that goes on began with: it uses its copy."""
    if was_sent():  # the files are where the sweep was sent from
        return
    for text in own_code.changes([config.dataset, *models_in(config.model)]):
        then = "" if text.endswith("there") else "; to use it as it is now, begin a new sweep"
        events.on_note(f"{text}: {config.name} goes on with the copy that it began with{then}")


def tell_repeated(request: SweepRequest, events: Callback) -> None:
    """Says that a trial is repeated with the code of its time, where the files have changed since."""
    for text in own_code.changes([request.dataset, *models_in(request.model)]):
        events.on_note(f"{text}: the trial is repeated with the code of that time", warning=False)


def tell_other_code(config: SweepConfig, home: Path, events: Callback) -> None:
    """Says that the pair's last sweep was of other code: its models, the champion among them, stay as they are."""
    earlier = [each for _, each in sweeps_in(home) if each.pair == config.pair]
    if not earlier:
        return
    last = earlier[-1]
    before = {own_code.title(name): name for name in models_in(last.model)}
    now = {own_code.title(name): name for name in models_in(config.model)}
    both = [(before[name], now[name], name) for name in now if name in before]
    both.append((last.dataset, config.dataset, config.dataset_name))
    changed = [name for then, today, name in both if _code(then) != _code(today)]
    if changed:
        events.on_note(
            f"the code of {' and '.join(changed)} is not that of {last.name}: both are {config.pair}, and its champion "
            "may be of either; own file names keep them apart",
            warning=False,
        )


def _code(name: str) -> str:
    return own_code.digest_of(name) if own_code.is_own(name) else ""
