"""What follows a search: the best model is tested, registered and reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.errors import SweepError, TunerError, disk_error_text, one_line
from tuner.core.outcome import Outcome, Winner, read_result, read_winner
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.core.validation import ValidationScore, own_tags
from tuner.core.validation_text import nothing_learnt
from tuner.data.encoding import to_raw
from tuner.data.spec import Splits
from tuner.report.make import Report, make_report
from tuner.search.optimism import optimism
from tuner.search.study import Study
from tuner.search.study_reader import read_records
from tuner.sweeps.confirm_scores import score_models
from tuner.sweeps.confirmation import confirmations
from tuner.sweeps.confirming import Confirming
from tuner.sweeps.final_test import evaluate_best
from tuner.sweeps.inputs import SweepInputs
from tuner.sweeps.lock import live_trials
from tuner.sweeps.looks import count_looks, looks_here
from tuner.sweeps.registration import LoadSplits, crown
from tuner.tracking.artifacts import send_report
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.connection import explain
from tuner.tracking.finished_sweeps import log_winner, tested_on
from tuner.tracking.registry import Candidate, register
from tuner.tracking.retry import is_mlflow_error, retry
from tuner.tracking.runs import MlflowSweep, identity_tags
from tuner.tracking.store import Store
from tuner.tracking.versions import Versions
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.evaluation import Predictions
from tuner.training.saved_model import load_model
from tuner.training.validation import score_validation


def read_outcome(config: SweepConfig, folder: Path) -> Outcome:
    """The outcome of a finished sweep, from the file of `write_result`. Raises TunerError when a file is damaged."""
    records, result = read_records(SweepFolder(folder).journal), read_result(folder)
    page = SweepFolder(folder).report_page
    return Outcome(
        config=config,
        folder=folder,
        records=tuple(records),
        winner=read_winner(folder, records),
        seconds=result["seconds"],
        unsent=result["unsent"],
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


def publish(sweep: Path, store: Store | None, warn: Callable[[str], None]) -> Report:
    """Makes the report and sends it to the sweep's run in MLflow. If part of that fails, it is only a warning.

    Without a `store` it is not sent.
    """
    report = make_report(sweep, live_trials(sweep))
    for part, error in report.failed.items():
        warn(f"the report's part '{part}' could not be made: {error}")
    if store is None:
        return report
    try:
        send_report(store, SweepConfig.load(sweep), report.folder)
    except Exception as error:
        warn(f"the report is not in MLflow: {one_line(error)}")
    return report


EXAMPLES = 2  # samples that are stored with the registered model


def register_winner(
    config: SweepConfig,
    folder: Path,
    winner: Winner,
    store: Store,
    sweep: MlflowSweep,
    load: LoadSplits,
    finished: float | None = None,
) -> Winner:
    """Writes the winner to the sweep's run, registers its model, and ends the run as FINISHED.

    A second call changes nothing.

    Args:
        config: the sweep.
        folder: the sweep's.
        winner: its best trial.
        store: where it is registered.
        sweep: its runs there.
        load: reads its data, if a model must be scored on it; raises TunerError when the data is not at hand.
        finished: when the sweep ended, in seconds since 1970, by default now.

    Returns:
        The winner, with its registered model, how often the test set has been looked at, and its validation score also
        where the sweep's version of tuner did not measure it, if that can be done now.
    """
    tested = tested_on(store.uri, sweep.experiment_id, winner.test_data)
    looks = count_looks(winner, config.uid, tested, looks_here(config.pair, winner.test_data, folder.parent))
    validation = winner.validation or _score_now(config, folder, load)
    winner = replace(winner, test_looks=max(winner.test_looks, looks), validation=validation)
    log_winner(store.uri, sweep.run_id, winner)
    _, spec = load_model(SweepFolder(folder).model)
    candidate = Candidate(
        name=config.pair,
        sweep=config.name,
        uid=config.uid,
        run_id=sweep.run_id,
        folder=SweepFolder(folder).model,
        data=spec,
        example=to_raw(spec, Predictions.load(folder).inputs[:EXAMPLES]),
        accuracy=winner.scores.accuracy,
        test_data=winner.test_data,
        tags=(own_tags(validation) if validation else {}) | identity_tags(config),
        description=_description(winner),
    )
    register(store.uri, candidate)
    model = crown(Versions(store.uri, config.pair), config.uid, config.data, load)
    sweep.end("FINISHED", finished)
    return replace(winner, model=model)


def _score_now(config: SweepConfig, folder: Path, load: LoadSplits) -> ValidationScore | None:
    """The score that the sweep's version of tuner did not measure; None when the data is gone or has changed."""
    try:
        return score_validation(
            SweepFolder(folder).model, load(), seen=config.data is None, chosen_of=max(1, config.trials)
        )
    except TunerError:
        return None


def _description(winner: Winner) -> str:
    """What people should know of a registered model before they use it."""
    if winner.validation is None or winner.validation.better:
        return ""
    return nothing_learnt(winner.validation, better_in_test=winner.scores.better_than_base)


def find_winner(
    config: SweepConfig,
    inputs: SweepInputs,
    study: Study,
    folder: SweepFolder,
    storage: CheckpointStorage | None,
    events: Callbacks,
) -> Winner:
    """Tests the best trial's model on the test split. Raises SweepError when there is none."""
    best = study.best()
    if best is None:
        raise all_failed(study.records(), folder.path)
    with events.phase("Testing the best model"):
        tried = sum(bool(record.values) for record in study.records())
        winner = evaluate_best(config, inputs.splits, best, folder, storage, events.on_note, tried)
    samples = len(inputs.splits.validation.targets)
    return replace(winner, val_samples=samples, val_luck=optimism(study.records(), samples))


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
        found = confirmations(confirming.plan, confirming.records(), overlap=overlap)[winner.trial.number]
        before = winner.confirm
        same = before is not None and before.plan == found.plan
        if before is not None:
            found = replace(found, tested_before=before.tested_before if same else before.looks)
        if confirming.plan.test == "mean":
            with events.phase("Testing the models of the other seeds"):
                place = confirming.storage_in(storage)
                found = score_models(confirming, found, splits, place, before if same else None, events.on_note)
        winner = replace(winner, confirm=found)
    looks = count_looks(winner, config.uid, looks_here(config.pair, winner.test_data, folder.home))
    return replace(winner, test_looks=max(winner.test_looks, looks))


def register_best(
    outcome: Outcome, tracker: BackgroundTracker, store: Store, splits: Splits, events: Callbacks
) -> Outcome:
    """Uploads the rest of the record and the model to MLflow. The outcome says why something is missing there."""
    winner = outcome.winner
    assert winner is not None
    with events.phase("Registering the best model"):
        sweep: MlflowSweep | None = None
        try:
            unsent, sweep = tracker.close(), tracker.sweep
            if sweep is None:
                return replace(outcome, unsent=unsent)
            winner = retry(
                partial(register_winner, outcome.config, outcome.folder, winner, store, sweep, lambda: splits)
            )
        except BaseException as error:
            with suppress(Exception):  # no run is left RUNNING, if that can be helped
                if sweep:
                    sweep.end("KILLED")
            if not is_mlflow_error(error):
                raise
            return replace(outcome, unsent=explain(error, store.file))
        return replace(outcome, winner=winner, unsent=unsent)


def publish_report(outcome: Outcome, store: Store, events: Callbacks) -> Outcome:
    """Makes the report. A failure is a warning: the result is safe, and the report can be made again."""

    def warn(message: str) -> None:
        events.on_note(f"{message}; to make the report again: tuner report {outcome.config.name}")

    try:
        with events.phase("Making the report"):
            made = publish(outcome.folder, None if outcome.unsent else store, warn)
            return replace(outcome, report=made.page)
    except (Exception, KeyboardInterrupt) as error:
        warn(f"there is no report: {disk_error_text(error) or one_line(error)}")
        return outcome
