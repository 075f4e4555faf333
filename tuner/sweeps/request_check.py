"""What can be checked of a request before its data are read: they may be on a cluster only."""

from __future__ import annotations

from tuner.core import several_models
from tuner.core.errors import TunerError
from tuner.core.sweep_name import check_sweep_name
from tuner.core.sweep_request import SweepRequest
from tuner.data.source import Source
from tuner.search.point_file import read_points
from tuner.search.space_file import own_space, parse_space, read_file
from tuner.sweeps.several import check_several
from tuner.sweeps.space_request import check_names, for_models


def need_models(request: SweepRequest) -> None:
    """Raises TunerError when no model is named: those that suit the data are found only where the data are."""
    if not request.model:
        which = f"tuner show {request.dataset} lists those that suit the data"
        raise TunerError(f"on a cluster name the MODEL, or several with commas between: {which}")


def check_request(request: SweepRequest) -> None:
    """Raises TunerError for what is wrong in a request of a model on data, whose own code has been read."""
    request.check()
    if request.name is not None:
        check_sweep_name(request.name)
    several_models.check(request.model)
    check_several(request)
    data = Source.asked(request)
    if request.space:
        source = str(request.space)
        raw = for_models(read_file(request.space), source, request.model)
        check_names(parse_space(raw, source), request.model, source)
    else:
        for model in several_models.models_in(request.model):
            own = own_space(data.name, model)
            if own:
                parse_space(*own)
    if request.enqueue:
        read_points(request.enqueue)
