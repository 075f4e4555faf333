"""Population based training (Jaderberg et al. 2017): what trials take over from others, and how their values change.

After each step the worst quarter of the trials *exploit*: each takes over the weights, the state of the optimizer and
all parameters of a trial of the best quarter. Then they *explore*: some of these parameters change. Who takes over what
follows from the scores, the seed and the epoch alone, so that it is the same when it is decided again after a kill.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence

from tuner.core.errors import TunerError
from tuner.core.exploit import Exploit
from tuner.core.records import TrialRecord, Value
from tuner.search.space import Parameter, SearchSpace
from tuner.search.study import Study

QUARTER = 0.25  # the share of the trials that take over, and of those that they take over from
RESAMPLED = 0.25  # the probability that a value is drawn anew
FACTORS = (0.8, 1.2)  # otherwise it is multiplied by one of these
TRIES = 10  # to change values so that no relation is broken
CHANGEABLE = ("lr", "momentum", "weight_decay", "label_smoothing", "dropout")
"""The parameters that may change while a model is trained: they change no shape, and no kind of anything."""

Adopt = Callable[[int, int, int], str]
"""Copies a trial's checkpoint of an epoch to another one: `adopt(donor, member, epoch)`. Returns why it could not."""


class Population:
    """The trials of a sweep that take over from each other."""

    def __init__(self, study: Study, space: SearchSpace, seed: int, adopt: Adopt) -> None:
        self._study = study
        self._space = space
        self._seed = seed
        self._adopt = adopt

    def renew(self, epoch: int) -> list[str]:
        """What trials take over after this epoch, before any of them goes on. A second call does nothing.

        A kill may come at any point: what was not marked as done is done again. Returns a line for each trouble.
        """
        if self._study.generation >= epoch:
            return []
        notes = []
        for number, exploit in exploits(self._study.records(), epoch, self._space, self._seed).items():
            before = self._study.record(number).exploits
            kept = tuple(each for each in before if each.epoch < epoch)
            self._study.note_exploits(number, (*kept, exploit))
            if trouble := self._adopt(exploit.donor, number, epoch):
                self._study.note_exploits(number, kept)
                notes.append(f"trial {number} goes on without taking over from trial {exploit.donor}: {trouble}")
        self._study.note_generation(epoch)
        return notes


def exploits(records: Sequence[TrialRecord], epoch: int, space: SearchSpace, seed: int) -> dict[int, Exploit]:
    """What each trial of the worst quarter takes over after an epoch, by its number."""
    able = [record for record in records if not record.ended and epoch in record.values]
    ranked = sorted(able, key=lambda record: (record.rank(epoch), -record.number), reverse=True)
    count = min(math.ceil(QUARTER * len(ranked)), len(ranked) // 2)
    found = {}
    for member in ranked[len(ranked) - count :]:
        rng = random.Random(f"{seed} {member.number} {epoch}")
        donor = rng.choice(ranked[:count])
        if donor.rank(epoch) > member.rank(epoch):
            found[member.number] = Exploit(
                epoch=epoch,
                donor=donor.number,
                before=member.parameters_in(epoch),
                after=_allowed(donor.parameters, space, rng),
            )
    return found


def _allowed(parameters: Mapping[str, Value], space: SearchSpace, rng: random.Random) -> dict[str, Value]:
    """See `explored`. If what was changed breaks a relation every time, nothing changes."""
    tries = (explored(parameters, space, rng) for _ in range(TRIES))
    return next((each for each in tries if not space.broken(each)), dict(parameters))


def explored(parameters: Mapping[str, Value], space: SearchSpace, rng: random.Random) -> dict[str, Value]:
    """The parameters of a trial with those changed that may change. A value of 0 stays: no factor leads away from it.

    >>> from tuner.search.space_file import parse_space
    >>> space = parse_space({"epochs": 1, "params": {"lr": {"low": 0.01, "high": 1.0, "log": True}}}, "an example")
    >>> explored({"lr": 0.1, "width": 2}, space, random.Random(1))["width"]
    2
    """
    return {
        name: _changed(float(value), parameter, rng) if (parameter := changing(space, name, parameters)) else value
        for name, value in parameters.items()
    }


def changing(space: SearchSpace, name: str, parameters: Mapping[str, Value]) -> Parameter | None:
    """The range of a parameter that changes while a trial with these parameters trains; None if it does not."""
    found = space.active(name, parameters) if name in CHANGEABLE else None
    return found if found and is_continuous(found) and parameters[name] else None


def is_continuous(parameter: Parameter) -> bool:
    """Whether it is a range without steps."""
    return not parameter.choices and not parameter.whole and parameter.step is None


def check_population(space: SearchSpace, trials: int, again: str, storage: str | None) -> None:
    """Raises TunerError for what population based training cannot do.

    Args:
        space: what is searched.
        trials: the size of the population.
        again: the option that would train the winner again; empty for none.
        storage: where checkpoints are kept, if not in the sweep's folder.
    """
    if trials < 2:
        raise TunerError("--scheduler pbt: a population has at least 2 trials: give --trials 8 or more")
    if again:
        raise TunerError(f"--scheduler pbt: {again} would train constant values, and the winner's change: leave it out")
    if storage is not None:
        raise TunerError("--scheduler pbt: trials copy checkpoints within the sweep's folder: leave --storage out")
    if not any(parameter.name in CHANGEABLE and is_continuous(parameter) for parameter in space.parameters):
        names = ", ".join(CHANGEABLE)
        raise TunerError(f"--scheduler pbt: nothing can change in training: make one of {names} a range without steps")


def schedule(records: Sequence[TrialRecord], number: int) -> list[tuple[int, TrialRecord, Mapping[str, Value]]]:
    """How the weights that a trial has in the end were trained: from which epoch on, by which trial, with what."""
    record, last = records[number], records[number].epoch
    found: list[tuple[int, TrialRecord, Mapping[str, Value]]] = []
    while True:
        before = [each for each in record.exploits if each.epoch < last]
        first = before[-1].epoch if before else 0
        found.insert(0, (first + 1, record, record.parameters_in(last)))
        if not before:
            return found
        record, last = records[before[-1].donor], first


def _changed(value: float, parameter: Parameter, rng: random.Random) -> float:
    low, high = float(parameter.low), float(parameter.high)
    if rng.random() >= RESAMPLED:
        return min(high, max(low, value * rng.choice(FACTORS)))
    if parameter.log:
        return min(high, max(low, math.exp(rng.uniform(math.log(low), math.log(high)))))
    return rng.uniform(low, high)
