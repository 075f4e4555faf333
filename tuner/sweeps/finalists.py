"""The finalists of a sweep: the best trials of its search are trained with other seeds, and their means choose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import inf

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.confirmation import ConfirmPlan
from tuner.core.earlier import epochs_of
from tuner.core.finalists import Finalist, Finalists, finalists_of
from tuner.core.objective import Goal
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder, checkpoint_folder
from tuner.search.spread import spread_of
from tuner.search.study import Study
from tuner.search.study_reader import read_records
from tuner.sweeps.confirmation import seeds_after
from tuner.sweeps.confirming import Trainings
from tuner.sweeps.final_test import fetch_checkpoint
from tuner.sweeps.growth import drop_trainings
from tuner.sweeps.lock import clear_order
from tuner.training.checkpoint import CHECKPOINT_FILE
from tuner.training.checkpoint_storage import CheckpointStorage


def plan_finalists(config: SweepConfig, folder: SweepFolder, study: Study, events: Callback) -> ConfirmPlan | None:
    """The trainings of the finalists, now that the search is over; None when no trial can be the best.

    In a sweep that has grown only new finalists are trained, unless trainings of the others failed or were stopped. The
    one that had the best mean before stays one, whatever its own score: better trials have to beat its mean.
    """
    finalists = finalists_of(config, study.records())
    if not finalists:
        return None
    if len(finalists) < config.finalists:
        found = f"{len(finalists)} of {config.finalists} finalists"
        events.on_note(f"there are only {found}: one is a trial that was trained in full", warning=False)
    seeds = seeds_after(config.seed, config.confirm)
    new = ConfirmPlan.of(finalists, seeds, reshuffle=config.reshuffle, folds=config.folds, test=config.test)
    plan = replace(new, finalists=new.trials)
    earlier = ConfirmPlan.load_earlier(folder)
    if earlier is not None:
        if _goes_on(config, folder, earlier, plan):
            known = {(point.trial, point.seed) for point in earlier.points}
            more = (point for point in plan.points if (point.trial, point.seed) not in known)
            before = compare_finalists(config.goal, earlier, read_records(folder.confirmation.journal), study.records())
            stays = () if before.best in (None, *plan.finalists) else (before.best,)
            plan = replace(earlier, points=(*earlier.points, *more), finalists=(*plan.finalists, *stays))
        else:
            drop_trainings(folder.confirmation.path)
    plan.save(folder)
    folder.earlier_plan.unlink(missing_ok=True)
    clear_order(folder.path)  # `tuner stop` ended the search; again, it ends this
    return plan


def _goes_on(config: SweepConfig, folder: SweepFolder, earlier: ConfirmPlan, plan: ConfirmPlan) -> bool:
    """Whether the trainings of an earlier plan are of the same kind, and none of them has failed or was stopped."""
    journal = folder.confirmation.journal
    states = {record.state for record in read_records(journal)} if journal.exists() else set()
    same = (earlier.seeds, earlier.how) == (plan.seeds, plan.how)
    epochs = [epochs_of(config, each.trials[0]) for each in (earlier, plan)]
    return same and bool(earlier.finalists) and epochs[0] == epochs[1] and states <= {"COMPLETE", "RUNNING"}


def compare_finalists(
    goal: Goal, plan: ConfirmPlan, records: Sequence[TrialRecord], searched: Sequence[TrialRecord]
) -> Finalists:
    """What the trainings of the finalists came to. No test score is read.

    A finalist of which a training failed, or violates a constraint, cannot win. The means of the others are over the
    same seeds: those with which each of them has completed its training. So a phase that was stopped compares what
    there is, and nothing else.

    Args:
        goal: whose first objective decides.
        plan: the trainings.
        records: what is known of them.
        searched: the trials of the search.
    """
    objective = goal.first
    done: dict[int, dict[int, float]] = {number: {} for number in plan.finalists}
    failed: dict[int, Counter[str]] = {number: Counter() for number in plan.finalists}
    for record in records:
        point, outcome = plan.points[record.number], record.outcome(record.best_epoch)
        if record.state == "COMPLETE" and point.trial in failed and (broken := goal.broken(outcome)):
            failed[point.trial][broken] += 1
        elif record.state == "COMPLETE" and point.trial in done:
            done[point.trial][point.seed] = outcome[objective.name]
        elif record.state == "FAIL" and point.trial in failed:
            failed[point.trial][record.reason] += 1
    able = [number for number in plan.finalists if not failed[number]]
    seeds = tuple(seed for seed in plan.seeds if able and all(seed in done[number] for number in able))
    most = 1.0 if objective.metric.share else inf
    found = []
    for number in plan.finalists:
        reasons = "; ".join(f"{count} x {reason}" for reason, count in failed[number].most_common())
        values = [done[number][seed] for seed in seeds] if number in able else []
        score = spread_of(values, overlap=plan.overlap, most=most, least=objective.metric.least) if values else None
        if score and plan.reshuffle:
            score = replace(score, interval=None)  # of scores that share samples it would be too narrow
        found.append(Finalist(trial=number, own=searched[number].score, score=score, failed=reasons))
    found.sort(key=lambda each: objective.gain(each.score.mean) if each.score else -inf, reverse=True)  # stable
    return Finalists(
        plan=plan.uid,
        objective=objective.name,
        asked=len(plan.seeds),
        folds=plan.folds,
        seeds=seeds,
        trials=tuple(found),
    )


def finalists_in(config: SweepConfig, trainings: Trainings) -> Finalists | None:
    """What the finalists of a sweep came to; None for a sweep without them."""
    confirming = trainings.confirming
    if confirming is None or not confirming.plan.finalists:
        return None
    return compare_finalists(config.goal, confirming.plan, confirming.records(), trainings.study.records())


def best_trial(config: SweepConfig, trainings: Trainings) -> TrialRecord | None:
    """The best trial: that with the best score of its own, or of finalists the one with the best mean."""
    found = finalists_in(config, trainings)
    if found is None or found.best is None:
        return trainings.study.best()
    return trainings.study.record(found.best)


def tell_undecided(found: Finalists, events: Callback) -> None:
    """Says why the means do not choose, if they do not."""
    if found.best is not None:
        return
    failed = sum(bool(each.failed) for each in found.trials)
    why = (
        "a training of each of them failed or violates a constraint"
        if failed == len(found.trials)
        else "no seed is one with which all of them were trained"
    )
    events.on_note(f"the finalists do not choose the winner, since {why}: it is the best trial of the search")


def fetch_finalists(found: Finalists, folder: SweepFolder, storage: CheckpointStorage | None, name: str) -> None:
    """Fetches their checkpoints into the sweep's folder before its storage is cleared: when it grows, one may win.

    Raises:
        SweepError: the storage does not answer.
    """
    for each in found.trials if storage else ():
        assert storage is not None
        fetch_checkpoint(storage, each.trial, checkpoint_folder(folder.trials, each.trial) / CHECKPOINT_FILE, name)
