"""Another search space for a sweep that goes on: new trials are drawn from it, and those that lie in it count there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.earlier import drawn_from, first_trial
from tuner.core.errors import TunerError
from tuner.core.grow_request import GrowRequest
from tuner.core.program import check_command
from tuner.core.python_space import SOURCE
from tuner.core.records import TrialRecord
from tuner.core.several_models import models_in
from tuner.core.sweep_folder import SweepFolder
from tuner.core.units import counted
from tuner.data.spec import DataSpec
from tuner.search.overrides import override
from tuner.search.refit import misfit
from tuner.search.relations import OPTION
from tuner.search.samplers.refitted import count_tried
from tuner.search.space import SearchSpace
from tuner.search.space_file import parse_space, read_file, space_of
from tuner.search.space_relations import CONSTRAIN, check_options, check_possible, with_relations
from tuner.search.start_points import START, fit_point, prior_point
from tuner.search.study import Study
from tuner.sweeps.inputs import defaults_of, may_be_pretrained
from tuner.sweeps.new_length import trained_at_length
from tuner.sweeps.space_request import check_names, check_space, for_models, takes_of


def with_space(
    config: SweepConfig, asked: GrowRequest, records: Sequence[TrialRecord], events: Callback
) -> SweepConfig:
    """The sweep with the search space that is asked for; the same sweep if it has that already.

    Args:
        config: the sweep.
        asked: the file of the space, and what is changed in it.
        records: its trials.
        events: are told of start points that are dropped.

    Raises:
        TunerError: something in the space is wrong, with the file, the key and the reason.
    """
    raw, source = _asked_space(config, asked)
    space = parse_space(raw, source, narrowed=True)
    check_possible(space, source)
    _check_taken(config, space, source)
    points = _to_try(config, raw, space, records, events)
    raw = {key: value for key, value in raw.items() if key != START} | ({START: points} if points else {})
    pending = len(config.space.get(START, ())) > max(0, len(records) - first_trial(config))
    if drawn_from(raw) == drawn_from(config.space) and (pending or not points):
        return config
    before = {
        "space": config.space,
        "epochs": config.epochs,
        "trials": len(records),
        "defaults": defaults_of(config),
    }
    new = replace(config, space=raw, earlier=[*config.earlier, before])
    before["tried"] = count_tried(new, records)
    return new


def _check_taken(config: SweepConfig, space: SearchSpace, source: str) -> None:
    """Raises TunerError when what trains the trials does not take the parameters. A user's function says so itself."""
    if config.program is not None:
        if config.program["command"]:
            check_command(config.program["command"], [each.name for each in space.parameters])
        return
    check_names(space, config.model, source)
    for model in models_in(config.model):
        if may_be_pretrained(space, model) and not may_be_pretrained(space_of(config), model):
            why = f"the trials of {config.name} start from none: begin a new sweep"
            raise TunerError(f"{source}: params.pretrained: {why}")


def check_new_space(config: SweepConfig, asked: GrowRequest, data: DataSpec) -> None:
    """Tries the values of the new space. Raises TunerError for one that training or the model refuses."""
    if asked.changes_space:
        check_space(space_of(config), config.model, data, _source(asked))


def finish_drawing(config: SweepConfig, folder: SweepFolder, records: Sequence[TrialRecord]) -> None:
    """Draws what a kill has left of a trial's parameters: from the space of that time, before it is another one."""
    for record in records:
        if not record.parameters and not record.ended:
            Study.of(config, folder).reissue(record.number)


def space_lines(old: SweepConfig, new: SweepConfig, records: Sequence[TrialRecord]) -> list[str]:
    """What is new in the search space, and which trials lie in it, for people; nothing if it is the same."""
    if drawn_from(new.space) == drawn_from(old.space):
        return []
    before, after = _texts(space_of(old)), _texts(space_of(new))
    changed = [
        f"{name} = {after.get(name, 'not set')} (before: {before.get(name, 'not set')})"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    reasons = {record.number: reason for record in records if (reason := misfit(record, new))}
    lie = f"{len(records) - len(reasons)} of {counted(len(records), 'trial')} lie in it"
    if reasons:
        number, reason = next(iter(reasons.items()))
        rest = "the other one does not" if len(reasons) == 1 else f"{len(reasons)} do not, such as trial {number}"
        named = f"trial {number} does not" if len(reasons) == 1 else rest
        lie += f"; {named} ({reason}): what was trained stays, and can still win"
    return [f"new trials are drawn from {', '.join(changed) or 'the same ranges'}; {lie}"]


def outside_note(config: SweepConfig, winner: TrialRecord) -> str:
    """That the winner does not lie in the search space of now; empty if it does."""
    reason = misfit(winner, config)
    return reason and f"the winner, trial {winner.number}, does not lie in the present search space: {reason}"


def _source(asked: GrowRequest) -> str:
    source = SOURCE if asked.given_space is not None else str(asked.space or "")
    given = [*([source] if source else []), *(["--set"] if asked.overrides else [])]
    return " with ".join([*given, *([OPTION] if asked.constrain else [])])


def _asked_space(config: SweepConfig, asked: GrowRequest) -> tuple[dict[str, Any], str]:
    """The TOML of the search space that is asked for, and its name for messages."""
    raw = {key: value for key, value in config.space.items() if key != START}
    takes = takes_of("" if config.program else config.model)
    if asked.given_space is not None:
        raw = for_models({"epochs": config.epochs, **asked.given_space}, SOURCE, config.model)
        parse_space(raw, SOURCE)  # its own errors first, then those of the overrides
    elif asked.space is not None:
        raw = for_models(read_file(asked.space), str(asked.space), config.model)
        parse_space(raw, str(asked.space))
    if CONSTRAIN in config.space:
        raw = {CONSTRAIN: config.space[CONSTRAIN], **raw}  # a file that names relations, if only none, decides
    raw = override(raw, asked.overrides, takes) if asked.overrides else raw
    if asked.constrain:
        check_options(asked.constrain, parse_space(raw, _source(asked), narrowed=True))
    return with_relations(raw, asked.constrain), _source(asked)


def _to_try(
    config: SweepConfig, raw: Mapping[str, Any], space: SearchSpace, records: Sequence[TrialRecord], events: Callback
) -> list[dict[str, Any]]:
    """The start points: those that the sweep has not come to yet, and those of the new space that no trial has had."""
    begun = max(0, len(records) - first_trial(config))
    left = list(config.space.get(START, ()))[begun:]
    points, had = [], [record.parameters for record in trained_at_length(config, records)]
    new = list(raw.get(START, ()))
    for number, point in enumerate([*left, *new, *prior_point(new, space)]):
        fitted = fit_point(point, space)
        if fitted.misfits:
            name, reason = next(iter(fitted.misfits.items()))
            events.on_note(f"a start point is dropped: {name}: {reason}")
        elif relation := space.broken(fitted.parameters):
            events.on_note(f"a start point is dropped: it breaks '{relation}'")
        elif number < len(left) or fitted.parameters not in had:
            points.append(dict(point))
            had.append(fitted.parameters)
    return points


def _texts(space: SearchSpace) -> dict[str, str]:
    """The values of each parameter of a space in a few words."""
    texts: dict[str, list[str]] = {}
    for parameter in space.parameters:
        texts.setdefault(parameter.key, []).append(" ".join(str(parameter).split()))
    if space.relations:
        texts[CONSTRAIN] = [str(each) for each in space.relations]
    return {name: "; ".join(each) for name, each in texts.items()}
