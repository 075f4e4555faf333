"""How a trial stood at the rung from which it does not go on: `7th of 9 there, val_accuracy 0.8710; 3 went on, ...`."""

from __future__ import annotations

from tuner.core.objective import Goal
from tuner.core.rank import Rank
from tuner.search.multi_objective import best_ranks_first
from tuner.search.schedulers.ladder import Rung


def waited_text(rung: Rung, number: int, goal: Goal, group: str = "there") -> str:
    """Of a trial that waited at a rung until the search ended: those that went on are known.

    Args:
        rung: with all trials that came to it.
        number: of the trial.
        goal: what they are compared by.
        group: whom it was compared with.
    """
    place, lowest = _placed(rung, number, goal, group), rung.lowest_promoted
    if lowest is None:
        return f"{place}; none went on"
    sooner = " before there was a place for it" if not goal.several and lowest < rung.ranks[number] else ""
    return f"{place}; {rung.promoted} went on{sooner}{_cutoff(lowest, rung.ranks[number], goal)}"


def passed_by_text(rung: Rung, number: int, goal: Goal, most: int) -> str:
    """Of a trial that was compared when it came: the best `most` of those that were there by then go on."""
    best = "the best one goes on" if most == 1 else f"the best {most} go on"
    return f"{_placed(rung, number, goal, 'so far')}; {best}{_cutoff(rung.best(most), rung.ranks[number], goal)}"


def _placed(rung: Rung, number: int, goal: Goal, group: str) -> str:
    own = rung.ranks[number]
    value = "" if goal.several else f", {goal.first.name} {_value(own, goal)}"
    beyond = "" if own.feasible else ", beyond a constraint"
    return f"{ordinal(_place(rung, number, goal))} of {len(rung.ranks)} {group}{value}{beyond}"


def _place(rung: Rung, number: int, goal: Goal) -> int:
    if not goal.several:
        return rung.better(number) + 1
    numbers = list(rung.ranks)
    return best_ranks_first(list(rung.ranks.values())).index(numbers.index(number)) + 1


def _cutoff(last: Rank, own: Rank, goal: Goal) -> str:
    """What the last one that goes on has; empty where one number does not decide."""
    if goal.several or not last.feasible:
        return ""
    equal = ", of equals the lower loss" if own.feasible and own.gains == last.gains and own < last else ""
    return f", with {_value(last, goal)} or {'more' if goal.first.direction == 'max' else 'less'}{equal}"


def _value(rank: Rank, goal: Goal) -> str:
    return goal.first.metric.text(goal.first.gain(rank.gains[0]))  # a gain of a gain is the value


def ordinal(number: int) -> str:
    """The number as a place.

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '112th']
    """
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
