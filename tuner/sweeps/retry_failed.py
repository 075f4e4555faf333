"""`tuner resume NAME --retry-failed`: the points of failed trials are tried again, as new trials.

As in Optuna (`RetryFailedTrialCallback`, `Study.enqueue_trial`) a trial that has failed stays as it is, and a new one
has its parameters. So nothing that the study has told is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

from tuner.core.config import SweepConfig
from tuner.core.earlier import first_trial
from tuner.core.errors import TunerError
from tuner.core.grow_request import GrowRequest
from tuner.core.records import TrialRecord
from tuner.core.units import counted
from tuner.search.samplers.refitted import count_tried
from tuner.search.space_file import space_of
from tuner.search.start_points import START, fit_point
from tuner.sweeps.inputs import defaults_of


def with_failed(config: SweepConfig, asked: GrowRequest, records: Sequence[TrialRecord]) -> SweepConfig:
    """The sweep with the points of its failed trials as the next ones, if that is asked for.

    Raises:
        TunerError: none has failed, or it does not go together with what else is asked for.
    """
    if not asked.retry_failed:
        return config
    if asked.changes_space or asked.max_epochs is not None:
        raise TunerError("--retry-failed: points are tried again as they were: leave out --set, --space, --max-epochs")
    if config.sampler == "grid":
        raise TunerError(
            f"--retry-failed: {config.name} tries each point of a grid once: begin a sweep of these points"
        )
    (failed, outside), known = to_retry(config, records), len(records)
    if not failed:
        left = f"; {_left_out(outside)}" if outside else ""
        raise TunerError(f"--retry-failed: {config.name} has no failed trial that was not tried again{left}")
    pending = list(config.space.get(START, ()))[max(0, known - first_trial(config)) :]
    points = [*(dict(record.parameters) for record in failed), *pending]
    trials = asked.trials or max(config.trials, known) + len(failed)
    if trials < known + len(failed):
        raise TunerError(
            f"--trials {trials}: to try {counted(len(failed), 'trial')} again it takes {known + len(failed)}"
        )
    before = {"space": config.space, "epochs": config.epochs, "trials": known, "defaults": defaults_of(config)}
    before["tried"] = count_tried(config, records) - len(failed)
    space = {**config.space, START: points}
    return replace(config, space=space, trials=trials, earlier=[*config.earlier, before])


def to_retry(config: SweepConfig, records: Sequence[TrialRecord]) -> tuple[list[TrialRecord], list[TrialRecord]]:
    """The last failed trial of each point at which no trial has succeeded or is still to go on.

    Returns those whose parameters the search space still has, and those that lie outside of it since it was changed.
    """
    others = [record.parameters for record in records if record.state != "FAIL"]
    failed = {str(sorted(record.parameters.items())): record for record in records if record.state == "FAIL"}
    left = [record for record in failed.values() if record.parameters and record.parameters not in others]
    space = space_of(config)
    inside = [fit_point(each.parameters, space) for each in left]
    fits = [
        not found.misfits and found.parameters == each.parameters and not space.broken(found.parameters)
        for each, found in zip(left, inside, strict=True)
    ]
    return list(compress(left, fits)), [each for each, fit in zip(left, fits, strict=True) if not fit]


def retry_lines(config: SweepConfig, asked: GrowRequest, records: Sequence[TrialRecord]) -> list[str]:
    """Which trials are tried again, and which are not, for people. `config` is that of before."""
    if not asked.retry_failed:
        return []
    failed, outside = to_retry(config, records)
    numbers, first = [record.number for record in failed], len(records)
    last = first + len(numbers) - 1
    new = f"trial {first}" if first == last else f"the trials {first} to {last}"
    old = ", ".join(map(str, numbers))
    told = [f"tried again with the same parameters, as {new}: {old}, which failed and stay as they are"]
    return [*told, _left_out(outside)] if outside else told


def _left_out(outside: Sequence[TrialRecord]) -> str:
    numbers = ", ".join(str(record.number) for record in outside)
    return f"not tried again, since the search space was changed and has no such point any more: {numbers}"
