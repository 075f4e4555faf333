"""Which trainings confirm the winner of a sweep, whether they are still to be done, and what they came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tuner.core.config import SweepConfig
from tuner.core.confirm_request import CONFIRM, FOLDS, ConfirmRequest
from tuner.core.confirmation import Confirmation, ConfirmPlan, Spread
from tuner.core.errors import TunerError
from tuner.core.records import TrialRecord
from tuner.core.result_file import read_result
from tuner.core.sweep_folder import SweepFolder
from tuner.core.target_kind import CLASSES
from tuner.core.units import counted
from tuner.search.spread import spread_of

if TYPE_CHECKING:
    from tuner.data.spec import Splits

_SEEDS = 2**31  # one more than the greatest


def seeds_after(seed: int, count: int) -> list[int]:
    """So many seeds that no trial of a sweep with this seed has: those that follow."""
    return [(seed + step) % _SEEDS for step in range(1, count + 1)]


def plan_more(config: SweepConfig, folder: SweepFolder, trial: TrialRecord, asked: ConfirmRequest) -> ConfirmPlan:
    """The plan to confirm a trial. It goes on with an earlier plan with fewer seeds.

    Raises:
        TunerError: it was confirmed with as many seeds, or in another way; or no training can confirm it.
    """
    if trial.exploits:
        raise TunerError(
            f"trial {trial.number} of {config.name} changed while it trained (pbt): constant values do not confirm it"
        )
    seeds = asked.seeds
    new = ConfirmPlan.of(
        [trial], seeds_after(config.seed, seeds), reshuffle=asked.reshuffle, folds=asked.folds, test=asked.test
    )
    old = ConfirmPlan.load(folder)
    if old is None:
        return new
    anew = f"to confirm it anew, delete {folder.confirmation.path}"
    if old.finalists:
        done = f"{counted(len(old.finalists), 'finalist')} {trained_text(old)}"
        if trial.number in old.finalists:
            raise TunerError(f"the sweep {config.name} has trained {done}: that confirms its winner")
        raise TunerError(
            f"the sweep {config.name} has trained {done}; its winner, the default, is none of them; {anew}"
        )
    pending = is_pending(folder)
    other_folds = old.folds and len(old.seeds) != seeds
    if (old.how, old.trials) != (new.how, new.trials) or other_folds or (old.folds and not pending):
        raise TunerError(f"the sweep {config.name} was confirmed with {' '.join(request_of(old).words())}; {anew}")
    if seeds < len(old.seeds):
        raise TunerError(f"the sweep {config.name} was confirmed with {len(old.seeds)} seeds; {anew}")
    if seeds == len(old.seeds) and not pending:
        raise TunerError(f"the sweep {config.name} was confirmed with {seeds} seeds: ask for more, with --seeds")
    known = {(point.trial, point.seed) for point in old.points}
    more = (point for point in new.points if (point.trial, point.seed) not in known)
    return replace(old, points=(*old.points, *more))


def check_divisions(asked: ConfirmRequest | None, splits: Splits) -> None:
    """Raises TunerError for more folds than there are samples or groups for, and for what would mix up times."""
    if asked is None or not (asked.folds or asked.reshuffle):
        return
    samples = len(splits.train.targets) + len(splits.validation.targets)
    if splits.record and splits.record.kind == "time":
        option = f"{FOLDS} {asked.seeds}" if asked.folds else "--reshuffle"
        out = f"take {CONFIRM} {asked.seeds}" if asked.folds else "leave it out"
        raise TunerError(f"{option} would validate on samples from before those trained on, against --time: {out}")
    if asked.folds and 2 * asked.seeds > samples:
        raise TunerError(f"{FOLDS} {asked.seeds}: there are only {samples} training and validation samples to divide")
    groups = samples if splits.groups is None else len(set(splits.groups.tolist()))
    least = asked.seeds if asked.folds else 2
    if groups < least:
        option = f"{FOLDS} {asked.seeds}" if asked.folds else "--reshuffle"
        raise TunerError(f"{option}: there are only {counted(groups, 'group')} of training and validation samples")


def request_of(plan: ConfirmPlan) -> ConfirmRequest:
    """What a user asked for to get the plan of a winner."""
    return ConfirmRequest(seeds=len(plan.seeds), reshuffle=plan.reshuffle, folds=plan.folds, test=plan.test)


def trained_text(plan: ConfirmPlan) -> str:
    """`with 3 other seeds each`."""
    each = " each" if len(plan.finalists) > 1 else ""
    return f"on {len(plan.seeds)} folds{each}" if plan.folds else f"with {len(plan.seeds)} other seeds{each}"


def is_pending(folder: SweepFolder) -> bool:
    """Whether a finished sweep is to be confirmed, and its result does not have that yet."""
    plan = ConfirmPlan.load(folder) if folder.result.exists() else None
    return plan is not None and lacks(read_result(folder.path), plan)


def lacks(result: Mapping[str, Any], plan: ConfirmPlan) -> bool:
    """Whether the result of a sweep does not have yet what the plan comes to."""
    if plan.finalists:
        found = result.get("finalists")
        return (
            not found or found["plan"] != plan.uid or {each["trial"] for each in found["trials"]} != {*plan.finalists}
        )
    known = result.get("confirm")
    return not known or (known.get("plan", ""), known["asked"]) != (plan.uid, len(plan.seeds))


def confirmations(
    plan: ConfirmPlan, records: Sequence[TrialRecord], *, overlap: float | None = None
) -> dict[int, Confirmation]:
    """What the trainings of a plan came to, for each trial that they confirm, by its number.

    The score of a training is that of its kept epoch, as everywhere. For `overlap` see `search.spread.spread_of`; it
    counts only where each seed has its own split. Without it there is no interval then: it would be too narrow.
    """
    found = {}
    for trial in plan.trials:
        own = [record for record in records if plan.points[record.number].trial == trial]
        done = [record for record in own if record.state == "COMPLETE"]
        reasons = Counter(record.reason for record in own if record.ended and record.state != "COMPLETE")
        found[trial] = Confirmation(
            trial=trial,
            asked=len(plan.seeds),
            seeds=tuple(plan.points[record.number].seed for record in done),
            score=_spread(plan, done, overlap) if done else None,
            metric=own[0].goal.score if own else CLASSES.val_score,
            reshuffle=plan.reshuffle,
            folds=plan.folds,
            plan=plan.uid,
            finished=max((record.finished or record.latest for record in own), default=0.0),
            failed=tuple(f"{count} x {reason}" for reason, count in reasons.most_common()),
        )
    return found


def _spread(plan: ConfirmPlan, done: Sequence[TrialRecord], overlap: float | None) -> Spread:
    shared = (overlap or 0.0) if plan.reshuffle else plan.overlap
    spread = spread_of([record.score for record in done], overlap=shared, least=done[0].goal.first.metric.least)
    return replace(spread, interval=None) if plan.reshuffle and overlap is None else spread
