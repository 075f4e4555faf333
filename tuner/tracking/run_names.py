"""The names of runs in MLflow: its tables show them first."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord
from tuner.core.shorten import shorten
from tuner.core.units import format_parameters
from tuner.search.space_file import space_of

MOST_PARAMETERS = 4  # in a name: a table cuts longer ones off
LONGEST = 150  # characters


def main_parameters(config: SweepConfig) -> tuple[str, ...]:
    """The parameters that tell the trials of a sweep apart: those that vary, in the order of its search space."""
    if not config.space.get("params"):
        return ()
    return tuple(each.name for each in space_of(config).parameters if len(each.choices) != 1)


def trial_name(sweep: str, record: TrialRecord, names: Sequence[str]) -> str:
    """The name of a trial's run: `digits-cnn-1-0007 lr=0.0123 optimizer=adam`.

    Of a training that confirms a trial, or refits it, the key alone: all have the same parameters.
    """
    if isinstance(record.key, str):
        return f"{sweep}-{record.key}"
    parameters = record.parameters_in(1)
    shown = {name: parameters[name] for name in names if name in parameters}
    few = dict(list(shown.items())[:MOST_PARAMETERS])
    return shorten(" ".join(filter(None, (f"{sweep}-{record.number:04d}", format_parameters(few)))), LONGEST)
