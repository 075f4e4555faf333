"""More epochs for the trials of a sweep that goes on: its best points are trained anew, and so are all new ones.

A trial cannot simply go on: its learning rate has come down to 0. Those that there are stay as they are, with the final
score that they have. Trials of different lengths meet nowhere else: see `search.score_history`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tuner.core.config import SweepConfig
from tuner.core.earlier import first_of_length, first_trial
from tuner.core.errors import TunerError
from tuner.core.grow_request import GrowRequest
from tuner.core.records import TrialRecord
from tuner.core.units import counted
from tuner.search.refit import fitting
from tuner.search.start_points import START
from tuner.sweeps.inputs import defaults_of

AGAIN = 3
"""How many of the best points are trained anew."""


def with_epochs(
    config: SweepConfig, asked: GrowRequest, records: Sequence[TrialRecord], winner: int | None = None
) -> SweepConfig:
    """The sweep with the number of epochs that is asked for; the same sweep if it has that already.

    Without a number of trials it gets as many more as there are points to train anew. The first of these is that of the
    `winner`, if there is one: means over other seeds, or the default, may have won over the best score.

    Raises:
        TunerError: it is fewer epochs than before, or the sweep tries each point once.
    """
    epochs, option = asked.max_epochs, f"--max-epochs {asked.max_epochs}"
    if epochs is None or epochs == config.epochs:
        return config
    if epochs < config.epochs:
        raise TunerError(f"{option}: the trials of {config.name} train {config.epochs} epochs already: give more")
    if config.sampler == "grid":
        raise TunerError(f"{option}: {config.name} tries each point of a grid once: begin a sweep with more epochs")
    known = len(records)
    pending = list(config.space.get(START, ()))[max(0, known - first_trial(config)) :]
    best = _best(fitting(records, config), winner)
    trials = asked.trials or max(config.trials, known + len(best))
    points = [*best[: max(0, trials - known)], *pending]
    space = {key: value for key, value in config.space.items() if key != START} | ({START: points} if points else {})
    before = {"space": config.space, "epochs": config.epochs, "trials": known, "tried": 0}
    before["defaults"] = defaults_of(config)
    return replace(config, epochs=epochs, space=space, trials=trials, earlier=[*config.earlier, before])


def length_lines(old: SweepConfig, new: SweepConfig, records: Sequence[TrialRecord]) -> list[str]:
    """Which trials train for longer, and how they are compared with the others, for people."""
    if new.epochs == old.epochs:
        return []
    count = min(len(_best(fitting(records, old))), new.trials - len(records))
    again = f", first the best {count} points anew" if count > 1 else ", first the best point anew" if count else ""
    cut = [record for record in records if not record.ended]
    ended = f"; {counted(len(cut), 'trial')} of {old.epochs} that had begun will not go on" if cut else ""
    return [
        f"new trials train at most {new.epochs} epochs instead of {old.epochs}{again}; rungs compare these alone, and "
        f"the winner is the best of all by its kept epoch{ended}"
    ]


def _best(records: Sequence[TrialRecord], winner: int | None = None) -> list[dict[str, Any]]:
    """The best AGAIN points: that of the winner first, then the others by their scores."""
    points: list[dict[str, Any]] = []
    able = [record for record in records if record.ranked]
    for record in sorted(able, key=lambda r: (r.number == winner, r.best, -r.number), reverse=True):
        if record.parameters not in points:
            points.append(dict(record.parameters))
    return points[:AGAIN]


def trained_at_length(config: SweepConfig, records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The trials that train for as many epochs as new ones do."""
    return list(records[first_of_length(config) :])
