"""A sweep for which no model is named: those that suit the data are swept together."""

from __future__ import annotations

from dataclasses import replace

from tuner.core.callback import Callbacks
from tuner.core.errors import TunerError
from tuner.core.several_models import joined
from tuner.core.sweep_request import SweepRequest
from tuner.data.source import Source
from tuner.data.spec import Splits
from tuner.search.model_spaces import parse_models
from tuner.search.space_file import read_file
from tuner.sweeps.short_list import LONGEST, MOST, listed, short_list

SHARE = 3  # the part of a time budget that one training may take


def with_models(request: SweepRequest, events: Callbacks) -> tuple[SweepRequest, Splits | None]:
    """The request with models, where it has none, and the data if it was read for that.

    Those of a search-space file are taken if it names some, else those of the catalog that suit the data.

    Raises:
        TunerError: no model suits the data, or the file names none.
    """
    if request.model:
        return request, None
    if request.space is not None:
        found = parse_models(read_file(request.space), str(request.space))
        if not found:
            raise TunerError(f"--space {request.space}: it does not say of which model it is: give MODEL, too")
        return replace(request, model=joined(found)), None
    if request.given_space is not None:
        raise TunerError("space: it is that of a model: give the model, too")
    source = Source.asked(request)
    with events.phase("Reading the data, and looking which models suit it"):
        splits = source.load(request.limit)
        most = min(MOST, request.trials or MOST)
        longest = LONGEST if request.time_budget is None else request.time_budget / SHARE
        candidates = short_list(source.name, splits.spec, len(splits.train.targets), most, longest)
    taken = [each.model for each in candidates if not each.why_not]
    lines, left = listed(candidates)
    if not taken:
        raise TunerError(f"{request.dataset}: no model suits it; {left}")
    what = f"{len(taken)} of {len(candidates)} models for {splits.spec.task} data are swept together"
    events.on_note(f"no MODEL was given: {what}, as with MODEL {joined(taken)}:", warning=False)
    for line in lines:
        events.on_note(f"  {line}", warning=False)
    if left:
        events.on_note(f"  {left}", warning=False)
    return replace(request, model=joined(taken)), splits
