"""What is told of the search space of a pair that has none of its own."""

from __future__ import annotations

from tuner.core import catalog, own_code, several_models
from tuner.core.callback import Callback
from tuner.core.sweep_request import SweepRequest
from tuner.data.source import Source


def note_default_space(request: SweepRequest, data: Source, events: Callback) -> None:
    """Says so when the pair has no search space of its own."""
    several_models.check(request.model)
    known = request.space is not None or request.given_space is not None
    if known:
        return
    names = several_models.models_in(request.model)
    titles = [own_code.title(name) for name in names if not catalog.has_space(data.name, name)]
    pairs = [f"{data.name}-{title}" for title in titles]
    if len(pairs) == 1:
        text = f"{pairs[0]} has no search space of its own: the default one of {titles[0]} is used"
        events.on_note(text, warning=False)
    elif pairs:
        text = f"{', '.join(pairs)} have no search spaces of their own: the default ones of these models are used"
        events.on_note(text, warning=False)
