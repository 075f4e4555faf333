"""The command `sync`: sends MLflow what is missing there, from the folders of sweeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.confirmation import ConfirmPlan
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.core.records import TrialRecord
from tuner.core.refit import RefitPlan
from tuner.core.result_file import is_sent, mark_own_sent, mark_sent, read_own_winner, read_winner
from tuner.core.sweep_folder import SweepFolder, known_sweep, sweep_names
from tuner.search.study_reader import read_records
from tuner.sweeps.champion_alias import data_at_hand
from tuner.sweeps.drawing import alone
from tuner.sweeps.lock import lock_for_sync
from tuner.sweeps.program_finish import register_own_winner
from tuner.sweeps.publication import publish
from tuner.sweeps.registration import register_winner
from tuner.sweeps.run_note import run_note
from tuner.tracking.artifacts import ArtifactStorage, has_report, send_report
from tuner.tracking.retry import error_cause, is_mlflow_error, is_transient, retry
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.store import Store
from tuner.training.checkpoint_storage import UriStorage


@dataclass(frozen=True, kw_only=True)
class Synced:
    """What was sent to MLflow of a sweep, or why nothing was."""

    sweep: str
    trials: int = 0
    """How many trials were incomplete in MLflow."""
    epochs: int = 0
    model: str = ""
    """Where it was registered, if it was not before."""
    note: str = ""
    """How it stands to the champion of its pair."""
    report: bool = False
    left_out: str = ""
    unsent: str = ""

    def __str__(self) -> str:
        if self.left_out:
            return f"{self.sweep}: left out: {self.left_out}"
        if self.unsent:
            return f"{self.sweep}: not everything could be sent: {self.unsent}; to try again: tuner sync {self.sweep}"
        parts = [f"{self.epochs} epochs of {self.trials} trials"] if self.trials else []
        parts += [f"the model, as {self.model} ({self.note})"] if self.model else []
        parts += ["the report"] if self.report else []
        return f"{self.sweep}: sent {', '.join(parts)}" if parts else f"{self.sweep}: everything is already in MLflow"


def sync(name: str | None, *, elsewhere: bool, events: Callbacks, home: Path | None = None) -> Iterator[Synced]:
    """Sends MLflow what it lacks of a sweep, or of all, and tells of each when it is done.

    Args:
        name: the sweep's; None for all.
        elsewhere: whether a sweep that began with another MLflow is sent to this one.
        events: are told of warnings.
        home: the folder of all sweeps, by default TUNER_HOME.

    Raises:
        TunerError: there is no such sweep, or MLflow cannot be reached.
    """
    home = home or tuner_home()
    names = sweep_names(home) if name is None else [name]
    if name or not names:
        known_sweep(name or "", home)
    store = open_store(home)
    for each in names:
        yield sync_one(home / each, store, events, needed=name is not None, elsewhere=elsewhere)


def open_store(home: Path) -> Store:
    """The tracking store, ready to be written to. Raises TunerError when it does not answer."""
    store = Store.of(home)
    store.check()
    store.prepare()
    return store


def sync_one(folder: Path, store: Store, events: Callbacks, *, needed: bool, elsewhere: bool) -> Synced:
    """Sends MLflow what it lacks of one sweep. An error is told in what it returns, unless the sweep is `needed`."""

    def warn(message: str) -> None:
        events.on_note(f"{folder.name}: {message}")

    try:
        with events.phase(f"Sending {folder.name} to MLflow"), lock_for_sync(folder):
            if not elsewhere:
                store.check_begun(SweepConfig.load(folder))
            return sync_sweep(folder, store, warn)
    except TunerError as error:
        if needed:
            raise
        return Synced(sweep=folder.name, left_out=str(error))
    except Exception as error:
        if needed and not is_mlflow_error(error):
            raise
        return Synced(sweep=folder.name, unsent=error_cause(error))


def sync_sweep(folder: Path, store: Store, warn: Callable[[str], None]) -> Synced:
    """Sends what is missing in MLflow of the sweep in this folder. The caller holds the sweep's lock."""
    config, records = SweepConfig.load(folder), read_records(SweepFolder(folder).journal)
    every = [*records, *_confirming(SweepFolder(folder)), *_refitting(SweepFolder(folder))]
    if not records:
        return Synced(sweep=config.name, left_out="none of its trials has started")
    sweep = retry(lambda: MlflowSweep(store, config, min(record.started for record in records)))
    refused = _send_trials(sweep, every)
    finished = max(record.finished or record.started for record in every)
    model, note, report = "", "", False
    if SweepFolder(folder).result.exists():
        if config.program:
            if sweep.status != "FINISHED" or not is_sent(folder):
                own = read_own_winner(folder, records)
                own = retry(lambda: register_own_winner(config, folder, own, store, sweep, finished))
                if not refused:
                    mark_own_sent(folder, own)
                if own.model:
                    model, note = own.model.uri, own.model.note
        elif sweep.status != "FINISHED" or not is_sent(folder):
            winner = read_winner(folder, records)
            load = cache(partial(data_at_hand, config))
            sent = retry(lambda: register_winner(config, folder, winner, store, sweep, load, finished))
            if not refused:
                mark_sent(folder, sent)
            if sent.model:
                model, note = sent.model.uri, sent.model.note
            with suppress(Exception):  # a leftover costs disk space, but no sweep
                (UriStorage.of(config) or ArtifactStorage(store.address, config.pair, config.uid)).clear()
        report = _send_report(folder, config, store, sweep.run_id, warn, anew=bool(model))
    elif sweep.status == "RUNNING":  # it was killed, or its end could not be sent
        end = "FAILED" if SweepFolder(folder).error.exists() else "KILLED"
        retry(lambda: sweep.end(end, finished))
    written = sweep.written
    return Synced(
        sweep=config.name,
        trials=len(written),
        epochs=sum(map(len, written.values())),
        model=model,
        note=note,
        report=report,
        unsent=error_cause(refused) if refused else "",
    )


def _confirming(folder: SweepFolder) -> list[TrialRecord]:
    """The trainings that confirm the sweep's winner."""
    plan = ConfirmPlan.load(folder)
    return [plan.mark(record) for record in read_records(folder.confirmation.journal)] if plan else []


def _refitting(folder: SweepFolder) -> list[TrialRecord]:
    """The winner's training on the validation samples too."""
    plan = RefitPlan.load(folder)
    return [plan.mark(record) for record in read_records(folder.refit.journal)] if plan else []


def _send_trials(sweep: MlflowSweep, records: Sequence[TrialRecord]) -> Exception | None:
    """Sends all trials. Returns the first refusal, if there is one; it does not stop the others from being sent."""
    refused = None
    for record in records:
        try:
            retry(partial(sweep.send, record, stopped=True))
        except Exception as error:
            if is_transient(error) or not is_mlflow_error(error):
                raise
            refused = refused or error
    return refused


def _send_report(
    folder: Path, config: SweepConfig, store: Store, run_id: str, warn: Callable[[str], None], *, anew: bool
) -> bool:
    """Sends the report if it is missing. Returns whether it was."""
    report = SweepFolder(folder).report
    with alone(SweepFolder(folder)):  # a process may be drawing and sending it
        pass
    if not anew and SweepFolder(folder).report_page.exists() and retry(lambda: has_report(store, run_id, report)):
        return False
    if not SweepFolder(folder).report_page.exists():
        publish(folder, None, warn)
    note, pictures = run_note(SweepFolder(folder))
    retry(lambda: send_report(store, config, report, note, pictures))
    return True
