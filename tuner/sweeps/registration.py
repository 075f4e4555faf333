"""Registers the winner of a sweep in MLflow, with what is known of its scores, and lets the champion be chosen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from tuner.core import own_code
from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.outcome import Outcome, Winner
from tuner.core.refit import refit_text
from tuner.core.result_file import read_result
from tuner.core.sweep_folder import SweepFolder
from tuner.core.validation import Validation
from tuner.core.validation_text import nothing_learnt
from tuner.data.encoding import to_raw
from tuner.data.spec import Splits
from tuner.search.study_reader import read_records
from tuner.sweeps.champion_alias import LoadSplits, crown
from tuner.sweeps.looks import count_looks, looks_here
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.connection import explain
from tuner.tracking.finished_sweeps import tested_on
from tuner.tracking.front import log_front
from tuner.tracking.registry import Candidate, register
from tuner.tracking.retry import is_mlflow_error, retry
from tuner.tracking.run_tags import code_tags, identity_tags
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.score_tags import own_tags
from tuner.tracking.store import Store
from tuner.tracking.versions import Versions
from tuner.tracking.winners import log_winner
from tuner.training.answers import load_predictions
from tuner.training.saved_model import load_model
from tuner.training.validation import score_validation

EXAMPLES = 2  # samples that are stored with the registered model


def register_best(
    outcome: Outcome, tracker: BackgroundTracker, store: Store, splits: Splits, events: Callbacks
) -> Outcome:
    """Uploads the rest of the record and the model to MLflow. The outcome says why something is missing there."""
    winner = outcome.winner
    assert winner is not None

    def register_in(sweep: MlflowSweep) -> Outcome:
        found = register_winner(outcome.config, outcome.folder, winner, store, sweep, lambda: splits)
        return replace(outcome, winner=found)

    with events.phase("Registering the best model"):
        return close_with(outcome, tracker, store, register_in)


def close_with(
    outcome: Outcome, tracker: BackgroundTracker, store: Store, register_in: Callable[[MlflowSweep], Outcome]
) -> Outcome:
    """Uploads the rest of the record, and registers the winner. The outcome says why something is missing in MLflow."""
    sweep: MlflowSweep | None = None
    try:
        unsent, sweep = tracker.close(), tracker.sweep
        if sweep is None:
            return replace(outcome, unsent=unsent)
        registered = retry(partial(register_in, sweep))
    except BaseException as error:
        with suppress(Exception):  # no run is left RUNNING, if that can be helped
            if sweep:
                sweep.end("KILLED")
        if not is_mlflow_error(error):
            raise
        return replace(outcome, unsent=explain(error, store.file))
    return replace(registered, unsent=unsent)


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
    pair = config.pair_of(winner.trial.parameters)
    tested = tested_on(store.uri, pair, winner.test_data)
    looks = count_looks(winner, config.uid, tested, looks_here(pair, winner.test_data, folder.parent))
    validation = winner.validation or _score_now(config, folder, load)
    winner = replace(winner, test_looks=max(winner.test_looks, looks), validation=validation)
    log_winner(store.uri, sweep.run_id, winner, pair)
    log_front(store.uri, sweep, config.goal, read_records(SweepFolder(folder).journal))
    model = config.model_of(winner.trial.parameters)
    _, spec = load_model(SweepFolder(folder).model)
    candidate = Candidate(
        name=pair,
        sweep=config.name,
        uid=config.uid,
        run_id=sweep.run_id,
        folder=SweepFolder(folder).model,
        data=spec,
        example=to_raw(spec, load_predictions(folder).inputs[:EXAMPLES]),
        trial=winner.trial.number,
        tested_before=winner.tested_before,
        score=winner.scores.main,
        test_data=winner.test_data,
        tags=(own_tags(validation) if validation else {}) | identity_tags(config) | code_tags(config, model),
        description=_description(winner),
        code=own_code.kept_code(model) if own_code.is_own(model) else None,
    )
    register(store.uri, candidate)
    registered = crown(Versions(store.uri, pair), config.uid, config.data, load)
    sweep.note_end(read_result(folder).get("ended_by", ""))
    sweep.end("FINISHED", finished)
    return replace(winner, model=registered)


def _score_now(config: SweepConfig, folder: Path, load: LoadSplits) -> Validation | None:
    """The score that the sweep's version of tuner did not measure; None when the data is gone or has changed."""
    try:
        return score_validation(
            SweepFolder(folder).model, load(), seen=config.data is None, chosen_of=max(1, config.trials)
        )
    except TunerError:
        return None


def _description(winner: Winner) -> str:
    """What people should know of a registered model before they use it."""
    said = [f"It has {refit_text(winner.refit)}."] if winner.refit else []
    if winner.validation is not None and not winner.validation.better:
        said.append(nothing_learnt(winner.validation, better_in_test=winner.scores.better_than_base))
    return " ".join(said)
