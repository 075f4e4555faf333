"""Which trials lie in a search space that was changed after they were drawn: samplers and reports compare these alone.

A trial lies in the space if each of its values is one that the space could draw there. What one of the two does not
name has the default of training or of the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tuner.core.config import SweepConfig
from tuner.core.earlier import default_values, epochs_of, first_trial, lengths
from tuner.core.errors import TunerError
from tuner.core.records import TrialRecord, Value
from tuner.search.space import SearchSpace
from tuner.search.space_file import space_of
from tuner.search.start_points import fit_value


def refit(parameters: Mapping[str, Value], space: SearchSpace, defaults: Mapping[str, Value]) -> dict[str, Value]:
    """The parameters of a trial as the space would draw them, with all that apply.

    Raises:
        TunerError: they do not lie in the space, with the parameter and the reason.
    """
    found: dict[str, Value] = {}
    for parameter in space.parameters:
        if parameter.active(found):
            name = parameter.name
            value = parameters.get(name, defaults.get(name))
            if value is None:
                raise TunerError(f"{name}: the trial has none")
            try:
                found[name] = fit_value(parameter, value)
            except TunerError as reason:
                raise TunerError(f"{name}: {reason}") from None
    for name, value in parameters.items():
        if name not in found and defaults.get(name) != value:
            default = (
                f"{value!r} is not {defaults[name]!r}, the default where" if name in defaults else "it has a value, and"
            )
            raise TunerError(f"{name}: {default} the search space does not name it")
    if relation := space.broken(found):
        raise TunerError(f"it breaks {relation}")
    return found


def fitting(records: Sequence[TrialRecord], config: SweepConfig) -> list[TrialRecord]:
    """The trials that lie in the search space that the sweep has now, with all parameters that apply there."""
    if not config.earlier:
        return list(records)
    space, first, defaults = space_of(config), first_trial(config), default_values(config)
    found = []
    for record in records:
        if record.number >= first:
            found.append(record)
        elif record.parameters:
            try:
                found.append(replace(record, parameters=refit(record.parameters, space, defaults)))
            except TunerError:
                continue
    return found


def compared(records: Sequence[TrialRecord], config: SweepConfig) -> tuple[list[TrialRecord], SweepConfig]:
    """The trials that can be compared at a rung, and the sweep as if it had no others.

    They lie in the search space, and train for the number of epochs that most of those do.
    """
    found = fitting(records, config)
    groups = {
        epochs: [record for record in found if epochs_of(config, record.number) == epochs and record.values]
        for _, epochs in lengths(config)
    }
    if len(groups) == 1:
        return found, config
    epochs, group = max(groups.items(), key=lambda each: (len(each[1]), each[0]))
    return group, replace(config, epochs=epochs)


def misfit(record: TrialRecord, config: SweepConfig) -> str:
    """Why a trial does not lie in the search space that the sweep has now; empty if it does."""
    if record.number >= first_trial(config):
        return ""
    try:
        refit(record.parameters, space_of(config), default_values(config))
    except TunerError as reason:
        return str(reason)
    return ""
