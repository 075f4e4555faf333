"""Ranges beyond a part of which trials fail, and the rest of the range in the syntax of `--set`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tuner.core.records import TrialRecord
from tuner.core.units import counted
from tuner.search.space import Parameter, SearchSpace, is_number
from tuner.search.wider import Edge, parents_of, set_value

CHANCE = 0.05  # that so clean a cut comes about in any of the parameters although none of them has to do with it


def find_cliffs(records: Sequence[TrialRecord], best: TrialRecord, space: SearchSpace) -> list[Edge]:
    """The parameters of which all failed trials have larger, or all have smaller, values than all others have."""
    ranges = [
        parameter
        for parameter in space.parameters
        if not parameter.choices and space.active(parameter.name, best.parameters) is parameter
    ]
    found = (_cliff(parameter, records, best, space, len(ranges)) for parameter in ranges)
    return [edge for edge in found if edge]


def _cliff(
    parameter: Parameter, records: Sequence[TrialRecord], best: TrialRecord, space: SearchSpace, tests: int
) -> Edge | None:
    having = [record for record in records if space.active(parameter.name, record.parameters) is parameter]
    failed = [_number(record, parameter) for record in having if record.state == "FAIL"]
    others = [_number(record, parameter) for record in having if record.state != "FAIL"]
    if not failed or not others or 2 * tests / math.comb(len(having), len(failed)) > CHANCE:
        return None
    above = min(failed) > max(others)
    if not above and max(failed) >= min(others):
        return None
    bound = max(others) if above else min(others)
    low, high = (parameter.low, bound) if above else (bound, parameter.high)
    if parameter.whole:
        low, high = round(low), round(high)
    narrower = "..".join(map(set_value, (low, high)))
    if not low < high:
        return None
    parents = parents_of(parameter, best, space)
    side = "above" if above else "below"
    text = (
        f"All {counted(len(failed), 'trial')} that failed had {parameter.key} {side} {set_value(bound)}, and none of "
        f"the others had: narrow it, {parameter.key}={narrower}."
    )
    return Edge(sentence=text, overrides=(*parents, f"{parameter.key}={narrower}"))


def _number(record: TrialRecord, parameter: Parameter) -> float:
    value = record.parameters[parameter.name]
    return float(value) if is_number(value) else math.nan
