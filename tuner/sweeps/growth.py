"""Sweeps that grow: a finished or interrupted one gets more trials, or more time.

The result of before is set aside, in one step, and the sweep is unfinished from then on: everything else treats it like
one that was interrupted. The new number of trials is in sweep.json before anything runs. At the end of the search its
winner is compared with that of before. If it is the same trial, the scores and the confirmation of before are its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tuner.core.budgets import BudgetState
from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.confirmation import ConfirmPlan
from tuner.core.errors import TunerError
from tuner.core.grow_request import GrowRequest
from tuner.core.outcome import Outcome, Winner
from tuner.core.records import TrialRecord
from tuner.core.refit import RefitPlan
from tuner.core.result_file import read_earlier_result, read_earlier_winner, read_result, write_result
from tuner.core.sweep_folder import SweepFolder
from tuner.core.units import counted, format_seconds, short_seconds
from tuner.search.next_command import TIMES
from tuner.search.study_reader import GPU_SPENT, StudyReader
from tuner.sweeps.auto_sampler import chosen_again
from tuner.sweeps.budget_growth import with_budgets
from tuner.sweeps.confirmation import lacks, request_of, seeds_after
from tuner.sweeps.drawing import alone
from tuner.sweeps.lock import clear_order
from tuner.sweeps.most_trials import full_text, most_trials
from tuner.sweeps.new_length import length_lines, with_epochs
from tuner.sweeps.new_space import space_lines, with_space
from tuner.sweeps.retry_failed import retry_lines, with_failed


def grown(config: SweepConfig, folder: SweepFolder, asked: GrowRequest, events: Callback | None = None) -> SweepConfig:
    """The sweep with what is asked for. `events` are told of start points that are dropped.

    Raises:
        TunerError: it is no more than there is, or nothing can come of it.
    """
    reader = StudyReader(folder.journal)
    records, spent = reader.records(), sum(reader.spent())
    if config.scheduler == "pbt" and (asked.changes_space or asked.max_epochs is not None or asked.retry_failed):
        raise TunerError(full_text(config, config.trials))
    if asked.changes_space:
        config = chosen_again(with_space(config, asked, records, events or Callback()), asked.trials or config.trials)
    config = with_failed(with_epochs(config, asked, records, _winner_in(folder)), asked, records)
    most = most_trials(config)
    wanted = asked.trials or max(config.trials, config.asked_trials)
    trials = most if config.sampler == "grid" and asked.changes_space and not asked.trials else wanted
    known = len(records)
    fixed = most <= known or config.sampler == "grid" or config.scheduler == "pbt"
    if asked.trials and trials > max(most, known) and fixed:
        raise TunerError(f"--trials {trials}: {full_text(config, most)}")
    trials = min(trials, max(most, known))
    config = replace(config, asked_trials=wanted if wanted > trials else 0)
    longer = asked.time_budget is not None or bool(asked.budgets.given())
    begun = any(not record.ended for record in records)
    if trials < known or (trials == known and not (begun and longer)):  # these get more
        said = "" if asked.trials is None else f"--trials {trials}: "
        raise TunerError(
            f"{said}{config.name} has {counted(known, 'trial')} {_no_more(config, asked, begun, known, most)}"
        )
    config = with_budgets(config, records, sum(reader.spent(GPU_SPENT)), asked.budgets)
    if asked.time_budget is not None:
        return replace(config, trials=trials, time_budget=spent + asked.time_budget)
    if config.time_budget is not None and spent >= config.time_budget:
        of = format_seconds(config.time_budget)
        raise TunerError(f"{config.name} has spent its time budget of {of}: add --time-budget, the time from now on")
    return replace(config, trials=trials)


def _winner_in(folder: SweepFolder) -> int | None:
    """The number of the trial that won; None in a sweep that is not finished."""
    return read_result(folder.path).get("best", {}).get("trial") if folder.result.exists() else None


def _no_more(config: SweepConfig, asked: GrowRequest, begun: bool, known: int, most: int) -> str:
    """Why nothing new comes of a request for no more trials than there are, and what to ask for."""
    more = f"--trials {min(TIMES * known, most)}" if most > known else ""
    if begun:
        others = f"; for new ones: {more}" if more else ""
        return f"already, and some have not ended: to let them go on: tuner resume {config.name}{others}"
    has = "already" if asked.trials is not None else "and all of them have ended"
    return f"{has}: {f'to go on, give more: {more}' if more else full_text(config, most)}"


def announce(old: SweepConfig, new: SweepConfig, asked: GrowRequest, folder: SweepFolder, events: Callback) -> None:
    """Says what is done."""
    reader = StudyReader(folder.journal)
    size = counted(new.trials, "trial")
    whole = size if new.trials == old.trials else f"{size} instead of {old.trials}"
    records = reader.records()
    events.on_note(f"{new.name} goes on: {whole}, of which it has {len(records)}", warning=False)
    for line in [*space_lines(old, new, records), *length_lines(old, new, records), *retry_lines(old, asked, records)]:
        events.on_note(line, warning=False)
    if asked.time_budget is not None and not reader.spent():  # else the search tells the rest of its budget
        events.on_note(f"the search may take {format_seconds(asked.time_budget)} from now on", warning=False)


def begin_growth(new: SweepConfig, folder: SweepFolder) -> None:
    """Makes the sweep an unfinished one with this configuration. The caller has locked it.

    Whatever a kill leaves of this, `resume` comes to the result of before, or to that of the grown sweep.
    """
    for now, then in ((folder.result, folder.earlier_result), (folder.confirm_plan, folder.earlier_plan)):
        if now.exists():
            now.replace(then)
    if folder.refit.path.exists():
        drop_trainings(folder.refit.path)
    began = folder.config.stat().st_mtime_ns  # sweeps are listed by when they began
    new.save(folder.path)
    os.utime(folder.config, ns=(began, began))


def same_winner(folder: SweepFolder, best: TrialRecord, records: Sequence[TrialRecord]) -> Winner | None:
    """The winner of before with its scores, if it is still the best trial and its model is there."""
    winner = read_earlier_winner(folder.path, list(records))
    return winner if winner and winner.trial.number == best.number and folder.model.exists() else None


def succeeding(folder: SweepFolder, winner: Winner, records: Sequence[TrialRecord], events: Callback) -> Winner:
    """A winner that was tested just now, with what was tested before it."""
    before = read_earlier_winner(folder.path, list(records))
    if before is None:
        return winner
    if before.trial.number != winner.trial.number:
        events.on_note(f"the winner is trial {winner.trial.number} now, no longer {before.trial.number}", warning=False)
    return replace(winner, tested_before=before.tested)


def keep_result(outcome: Outcome) -> Outcome:
    """Writes the result: the sweep is finished. That of before is not needed any more, and its report is outdated.

    Returns the outcome, with how long a confirmation of before took that is still the winner's.
    """
    folder, earlier = SweepFolder(outcome.folder), read_earlier_result(outcome.folder)
    if earlier:
        with alone(folder):  # a process may still draw it
            folder.report_page.unlink(missing_ok=True)
    if outcome.winner and outcome.winner.confirm and outcome.confirm_seconds is None:
        outcome = replace(outcome, confirm_seconds=earlier.get("confirm_seconds"))
    write_result(outcome)
    folder.earlier_result.unlink(missing_ok=True)
    return outcome


def plan_confirmation(
    config: SweepConfig, folder: SweepFolder, best: TrialRecord, events: Callback
) -> ConfirmPlan | None:
    """How the best trial is confirmed now that the search is over; None when it is not, or has been before."""
    earlier = ConfirmPlan.load_earlier(folder)
    if earlier is not None and earlier.trials == (best.number,):
        folder.earlier_plan.replace(folder.confirm_plan)
        result = read_earlier_result(folder.path)
        return earlier if not result or lacks(result, earlier) else None
    if earlier is not None:
        drop_trainings(folder.confirmation.path)
        if not config.confirm:
            again = f"to confirm the new winner: tuner confirm {config.name} {' '.join(request_of(earlier).words())}"
            events.on_note(f"trial {earlier.trials[0]} was confirmed, and is not the winner any more; {again}")
    if not config.confirm:
        return None
    seeds = seeds_after(config.seed, config.confirm)
    plan = ConfirmPlan.of([best], seeds, reshuffle=config.reshuffle, folds=config.folds, test=config.test)
    plan.save(folder)
    clear_order(folder.path)  # `tuner stop` ended the search; again, it ends this
    return plan


def plan_refit(folder: SweepFolder, winner: TrialRecord, records: Sequence[TrialRecord]) -> RefitPlan | None:
    """How the winner is trained on all samples; None when that was done before the sweep grew, and it won again."""
    before = same_winner(folder, winner, records)
    if before is not None and before.refit is not None:
        return None
    plan = RefitPlan.of(winner)
    plan.save(folder)
    clear_order(folder.path)
    return plan


def drop_trainings(folder: Path) -> None:
    """Deletes the trainings of an earlier plan in one step: half of them would be taken for those of the next."""
    away = folder.with_name(f".{folder.name}")
    shutil.rmtree(away, ignore_errors=True)
    folder.rename(away)
    shutil.rmtree(away, ignore_errors=True)


def with_more(config: SweepConfig, known: int, budgets: Sequence[BudgetState] = ()) -> str:
    """A command that goes on with a finished sweep; empty when there are no more points to try.

    Args:
        config: the sweep's.
        known: how many trials it has.
        budgets: its budgets. Those that are used up get more, and if trials have not begun, that is all.
    """
    more = [each.more for each in budgets if each.more]
    if not more or known >= config.trials:
        trials = min(TIMES * config.trials, most_trials(config))
        if trials <= config.trials:
            return ""
        more.insert(0, f"--trials {trials}")
    left = {each.name: each.left for each in budgets}.get("time_budget") or 0.0
    if config.time_budget is not None and left < config.time_budget / 2 and "--time-budget" not in " ".join(more):
        more.append(f"--time-budget {short_seconds(config.time_budget)}")
    return " ".join(["tuner resume", config.name, *more])


def going_on(config: SweepConfig, state: str, known: int, budgets: Sequence[BudgetState] = ()) -> str:
    """What to do with a sweep in this state (see `status.Status`), and the command for it; empty for nothing.

    The others as for `with_more`.
    """
    if state in ("running", "stopping", "pausing"):
        return f"watch that sweep: tuner status {config.name} --watch"
    if state != "finished":
        return f"continue that sweep: tuner resume {config.name}"
    command = with_more(config, known, budgets)
    what = "give that sweep more trials" if "--trials" in command else "go on with that sweep"
    return command and f"{what}: {command}"
