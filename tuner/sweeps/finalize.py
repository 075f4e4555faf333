"""The end of a search: its best model is tested, and confirmed if that was asked for; its outcome is read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tuner.core.budgets import BudgetState
from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.errors import SweepError
from tuner.core.no_winner import no_best
from tuner.core.outcome import Outcome, Winner
from tuner.core.records import TrialRecord
from tuner.core.result_file import read_own_winner, read_result, read_winner
from tuner.core.scores import NumberScores, TestScores
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import Splits
from tuner.search.budgets import states_in
from tuner.search.optimism import optimism
from tuner.search.study import Study
from tuner.search.study_reader import read_records
from tuner.sweeps.choice import choose
from tuner.sweeps.confirm_scores import score_models
from tuner.sweeps.confirmation import confirmations
from tuner.sweeps.confirming import Confirming, Trainings
from tuner.sweeps.final_test import evaluate_best
from tuner.sweeps.finalists import best_trial, fetch_finalists, finalists_in, tell_undecided
from tuner.sweeps.growth import same_winner, succeeding, with_more
from tuner.sweeps.inputs import SweepInputs
from tuner.sweeps.looks import count_looks, looks_here
from tuner.sweeps.models_compared import compare_models
from tuner.sweeps.new_space import outside_note
from tuner.sweeps.refitting import Refitting
from tuner.training.answers import promised_too_much
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.score_error import wilson
from tuner.training.validation import score_validation


def read_outcome(config: SweepConfig, folder: Path) -> Outcome:
    """The outcome of a finished sweep, from the file of `write_result`. Raises TunerError when a file is damaged."""
    records, result = read_records(SweepFolder(folder).journal), read_result(folder)
    page = SweepFolder(folder).report_page
    return Outcome(
        config=config,
        folder=folder,
        records=tuple(records),
        winner=None if config.program else read_winner(folder, records),
        own=read_own_winner(folder, records) if config.program else None,
        seconds=result["seconds"],
        confirm_seconds=result.get("confirm_seconds"),
        unsent=result["unsent"],
        ended_by=result.get("ended_by", ""),
        budgets=tuple(BudgetState.from_json(name, raw) for name, raw in result.get("budgets", {}).items()),
        report=page if page.exists() else None,
    )


def all_failed(records: list[TrialRecord], folder: Path) -> SweepError:
    """The error of a sweep in which no trial succeeded. It gives the most common reason."""
    reasons = Counter(record.reason for record in records if record.state == "FAIL")
    if not reasons:
        return SweepError(f"no trial finished an epoch before the search ended; the sweep is kept in {folder}")
    [(reason, count)] = reasons.most_common(1)
    traced = any((folder / "trials").glob("*-error.txt"))  # a loss that is not finite has no traceback
    details = f"; details in {folder}/trials" if traced else ""
    if len(records) == 1:
        return SweepError(f"the trial failed: {reason}{details}")
    failed = (
        f"{reasons.total()} of {len(records)} trials"
        if reasons.total() < len(records)
        else f"all {len(records)} trials"
    )
    return SweepError(f"{failed} failed, {count} of them with: {reason}{details}")


def no_winner(config: SweepConfig, study: Study, folder: Path) -> SweepError:
    """The error of a sweep without a best trial. A model that violates a constraint is not what was asked for."""
    records = study.records()
    why = no_best(config.goal, records)
    if not why:
        return all_failed(records, folder)
    more = with_more(config, len(records), states_in(config, study))
    onwards = f"; to search on: {more}" if more else ""
    return SweepError(f"{why}: nothing is tested or registered, and all trials are kept{onwards}")


def find_winner(
    config: SweepConfig,
    inputs: SweepInputs,
    trainings: Trainings,
    folder: SweepFolder,
    storage: CheckpointStorage | None,
    events: Callbacks,
) -> Winner:
    """Chooses the trial that becomes the model, and tests it on the test split, if that was not done before.

    Raises:
        SweepError: there is none.
    """
    study = trainings.study
    finalists, records = finalists_in(config, trainings), study.records()
    if finalists:
        tell_undecided(finalists, events)
        fetch_finalists(finalists, folder, storage, config.name)
    choice = choose(config, study, folder, storage, inputs.splits, best_trial(config, trainings))
    if choice is None:
        raise no_winner(config, study, folder.path)
    best, samples = choice.trial, len(inputs.splits.validation.targets)
    tried = sum(record.feasible for record in records)
    winner = same_winner(folder, best, records)
    if winner is not None:
        events.on_note(f"the winner is still trial {best.number}: its model is not tested again", warning=False)
        if winner.refit is None:  # a refitted model has seen these samples
            validation = score_validation(folder.model, inputs.splits, seen=config.data is None, chosen_of=tried)
            winner = replace(winner, validation=validation)
    else:
        with events.phase("Testing the best model"):
            refitted = _refitted(trainings.refitting, storage, events)
            winner = evaluate_best(config, inputs.splits, best, folder, storage, events.on_note, tried, refitted)
        winner = succeeding(folder, winner, records, events)
    outside = outside_note(config, best)
    if outside:
        events.on_note(outside, warning=False)
    chosen = choice.default is None or choice.default.best == best.number  # for its score
    luck = optimism(config, records, samples) if chosen else 0.0
    if chosen and best != study.best():
        luck = None  # it was chosen for its mean over other seeds, of a few trials that were chosen for their scores
    return replace(
        winner,
        val_samples=samples,
        val_luck=luck,
        val_likely=wilson((best.score - luck) * samples, samples) if luck else None,
        val_excess=promised_too_much(_plain_scores(winner), winner.val_score, samples),
        default=choice.default,
        models=compare_models(config, study, best, folder, storage, inputs.splits),
        finalists=finalists,
    )


def _refitted(
    refitting: Refitting | None, storage: CheckpointStorage | None, events: Callbacks
) -> Mapping[str, Any] | None:
    """The weights of the model that was trained on all samples; None when it is the winner's own that counts."""
    weights = refitting.weights(storage) if refitting else None
    if refitting and weights is None:
        events.on_note(f"the model is that of the search, since refitting it was not completed: {refitting.why_not()}")
    return weights


def _plain_scores(winner: Winner) -> TestScores | NumberScores:
    """The test scores without a threshold, as those of validation are."""
    scores, threshold = winner.scores, winner.threshold
    if threshold is None or threshold.plain_accuracy is None or not isinstance(scores, TestScores):
        return scores
    return replace(scores, accuracy=threshold.plain_accuracy)


def with_confirmation(
    config: SweepConfig,
    confirming: Confirming | None,
    winner: Winner,
    splits: Splits,
    folder: SweepFolder,
    storage: CheckpointStorage | None,
    events: Callbacks,
) -> Winner:
    """The winner with what other seeds gave, and with the number of looks at the test set.

    Args:
        config: the sweep.
        confirming: the trainings with other seeds; None when there are none.
        winner: the best trial.
        splits: the data.
        folder: the sweep's.
        storage: where the sweep's checkpoints are, if not in its folder.
        events: are told of a model that cannot be tested.
    """
    if confirming is not None:
        overlap = len(splits.validation.targets) / len(splits.train.targets)
        every = confirmations(confirming.plan, confirming.records(), overlap=overlap)
        if winner.trial.number not in every:  # the default has won over all finalists, and is none of them
            return _with_looks(config, replace(winner, confirm=None), folder)
        found, before = every[winner.trial.number], winner.confirm
        same = before is not None and before.plan == found.plan
        if before is not None:
            found = replace(found, tested_before=before.tested_before if same else before.looks)
        if confirming.plan.test == "mean":
            with events.phase("Testing the models of the other seeds"):
                place = confirming.storage_in(storage)
                found = score_models(confirming, found, splits, place, before if same else None, events.on_note)
        winner = replace(winner, confirm=found)
    return _with_looks(config, winner, folder)


def _with_looks(config: SweepConfig, winner: Winner, folder: SweepFolder) -> Winner:
    pair = config.pair_of(winner.trial.parameters)
    looks = count_looks(winner, config.uid, looks_here(pair, winner.test_data, folder.home))
    return replace(winner, test_looks=max(winner.test_looks, looks))
