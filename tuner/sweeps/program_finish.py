"""The end of a sweep of a user's own code: its best trial, what that has saved, and its registration.

There is no test split of ours, so nothing is tested: the winner is known by what the code has reported.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.errors import SweepError
from tuner.core.outcome import Outcome
from tuner.core.own_winner import OwnWinner
from tuner.core.records import TrialRecord
from tuner.core.result_file import read_result
from tuner.core.sweep_folder import SweepFolder, checkpoint_folder
from tuner.search.study import Study
from tuner.sweeps.final_test import fetch_checkpoint
from tuner.sweeps.finalize import no_winner
from tuner.sweeps.registration import close_with
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.own_winners import log_own_winner, register_own
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.store import Store
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.function_trial import FILES
from tuner.training.own_state import STATE_FILE, DamagedStateError, SavedState

KEPT_STATE, PARAMETERS = "state.pkl", "parameters.json"


def find_own_winner(
    config: SweepConfig, study: Study, folder: SweepFolder, storage: CheckpointStorage | None
) -> OwnWinner:
    """The best trial. What it has saved is copied into the sweep's folder `model`.

    Raises:
        SweepError: there is none, or its state is damaged.
    """
    best = study.best()
    if best is None:
        raise no_winner(config, study, folder.path)
    place = checkpoint_folder(folder.trials, best.number)
    if storage:
        with suppress(FileNotFoundError):
            fetch_checkpoint(storage, best.number, place / STATE_FILE, config.name)
    try:
        saved = SavedState.read(place / STATE_FILE)
    except DamagedStateError as error:
        raise SweepError(f"{error}: the state of the best trial, {best.number}, cannot be kept") from None
    epoch = saved.kept_epoch if saved else best.best_epoch
    kept = _keep(best, epoch, saved, place / FILES, folder.model)
    return OwnWinner(trial=best, epoch=epoch, saved=kept)


def _keep(best: TrialRecord, epoch: int, saved: SavedState | None, files: Path, model: Path) -> bool:
    """Fills the folder `model`. Returns whether the trial has saved anything."""
    own_files = files.is_dir() and any(files.iterdir())
    if not saved and not own_files and _is_of(model, best.number):  # a sweep that grew, with the winner of before
        return (model / KEPT_STATE).exists() or (model / FILES).exists()
    new = model.with_name("model.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    if saved:
        (new / KEPT_STATE).write_bytes(saved.best)
    if own_files:
        shutil.copytree(files, new / FILES)
    told = {"trial": best.number, "epoch": epoch, "parameters": best.parameters}
    (new / PARAMETERS).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(model, ignore_errors=True)
    new.replace(model)
    return bool(saved or own_files)


def _is_of(model: Path, number: int) -> bool:
    try:
        return bool(json.loads((model / PARAMETERS).read_text(encoding="utf-8"))["trial"] == number)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def register_own_outcome(outcome: Outcome, tracker: BackgroundTracker, store: Store, events: Callbacks) -> Outcome:
    """Uploads the rest of the record and the winner to MLflow. The outcome says why something is missing there."""
    own = outcome.own
    assert own is not None

    def register_in(sweep: MlflowSweep) -> Outcome:
        return replace(outcome, own=register_own_winner(outcome.config, outcome.folder, own, store, sweep))

    with events.phase("Registering the winner"):
        done = close_with(outcome, tracker, store, register_in)
    complete = done.own is not None and done.own is not own and not done.unsent
    return replace(done, own=replace(done.own, sent=True)) if complete and done.own else done


def register_own_winner(
    config: SweepConfig,
    folder: Path,
    winner: OwnWinner,
    store: Store,
    sweep: MlflowSweep,
    finished: float | None = None,
) -> OwnWinner:
    """Writes the winner to the sweep's run, registers what it has saved, and ends the run as FINISHED.

    A second call changes nothing.
    """
    log_own_winner(store.uri, sweep.run_id, winner, SweepFolder(folder).model)
    if winner.saved:
        winner = replace(winner, model=register_own(store.uri, sweep.run_id, config, winner))
    sweep.note_end(read_result(folder).get("ended_by", ""))
    sweep.end("FINISHED", finished)
    return replace(winner)
