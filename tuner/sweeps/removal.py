"""`tuner rm`: deletes a sweep's folder, its runs in MLflow, and its registered models.

First the folder is moved out of the way, with a note of what was asked for: from then on there is no such sweep. Then
MLflow's part is deleted, and the folder last, since it alone says what is MLflow's. After a kill or an error in between
the same command goes on: each step may be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tuner.core.config import SweepConfig
from tuner.core.deletion import Deletion, unfinished_deletions
from tuner.core.disk_usage import disk_usage
from tuner.core.errors import TunerError
from tuner.core.slurm_files import forget_submission
from tuner.core.sweep_folder import SweepFolder, known_sweep, sweep_names
from tuner.sweeps.drawing import alone
from tuner.sweeps.lock import is_running, lock_for_sync
from tuner.sweeps.model_lookup import store_with_models
from tuner.sweeps.succession import hand_over
from tuner.tracking.removal import delete_runs
from tuner.tracking.retry import error_cause, is_mlflow_error, retry
from tuner.tracking.store import Store
from tuner.tracking.versions import Version, Versions, versions_of_uid
from tuner.training.checkpoint_storage import UriStorage


@dataclass(frozen=True, kw_only=True)
class Doomed:
    """A sweep that may be deleted, and what belongs to it."""

    name: str
    bytes: int
    """On the disk."""
    models: tuple[str, ...]
    """Its registered versions: `digits-cnn/1`."""
    champions: tuple[str, ...]
    """Those of them that are champion of their pair."""


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What was deleted of a sweep."""

    sweep: str
    bytes: int
    """What its folder took on the disk."""
    runs: int = 0
    """How many runs in MLflow."""
    models: tuple[str, ...] = ()
    """Its registered versions."""
    kept: tuple[str, ...] = ()
    """Those of them that were kept."""
    notes: list[str] = field(default_factory=list)
    """What has become of the champion, and what could not be deleted."""
    unfinished: str = ""
    """Why the deletion is not at its end."""


def examine(names: Sequence[str], home: Path) -> list[Doomed]:
    """What would be deleted of these sweeps; nothing of one whose deletion has begun already.

    Raises:
        TunerError: one of them does not exist, runs, or is a link; or MLflow does not answer, or is not the one that
            the sweep began with.
    """
    found = []
    for name in dict.fromkeys(names):
        if any(unfinished_deletions(home, name)) and not (home / name).exists():
            continue
        config, folder = _known(name, home)
        try:
            found.append(_examine(config, folder, home))
        except Exception as error:
            if not is_mlflow_error(error):
                raise
            raise TunerError(f"nothing was deleted, since MLflow did not answer: {error_cause(error)}") from None
    return found


def _known(name: str, home: Path) -> tuple[SweepConfig, Path]:
    """A sweep that may be deleted, and its folder."""
    config, folder = known_sweep(name, home), home / name
    if is_running(folder):
        raise TunerError(f"{name} is running: first end it with tuner stop {name} or tuner pause {name}")
    if folder.is_symlink():
        raise TunerError(f"{name} is a link to {folder.resolve()}: move that folder here in its place first")
    return config, folder


def _examine(config: SweepConfig, folder: Path, home: Path) -> Doomed:
    models = {f"{each.model}/{each.number}": each for each in _versions(config, home)}
    champions = [model for model, each in models.items() if each.number == _champion(each, home)]
    return Doomed(name=folder.name, bytes=disk_usage(folder), models=tuple(models), champions=tuple(champions))


def remove(name: str, home: Path, *, keep_model: bool) -> list[Removed]:
    """Deletes a sweep. One of this name whose deletion has begun is finished first, as it was begun.

    With `keep_model` its registered versions stay, and its own run in MLflow, which they refer to.

    Raises:
        TunerError: as `examine`; nothing is deleted then.
    """
    done = [_finish(deletion, home) for deletion in unfinished_deletions(home, name)]
    if done and not (home / name).exists():
        return done
    config, folder = _known(name, home)
    _store(config, home)
    with lock_for_sync(folder), alone(SweepFolder(folder)):  # who draws its report would write into its folder
        deletion = Deletion.begin(folder, config.uid, keep_model=keep_model)
        return [*done, _go_on(deletion, home)]


def _finish(deletion: Deletion, home: Path) -> Removed:
    with lock_for_sync(deletion.folder):
        return _go_on(deletion, home)


def _go_on(deletion: Deletion, home: Path) -> Removed:
    """Deletes what is left of a sweep. The caller holds its lock."""
    done = Removed(sweep=deletion.name, bytes=disk_usage(deletion.folder))
    try:
        if SweepFolder(deletion.folder).config.exists():  # otherwise MLflow's part is deleted: see `Deletion.end`
            done = _delete_tracked(SweepConfig.load(deletion.folder), deletion, home, done)
        deletion.end()
        forget_submission(home, deletion.name)
    except Exception as error:
        if not isinstance(error, TunerError) and not is_mlflow_error(error):
            raise
        reason = str(error) if isinstance(error, TunerError) else error_cause(error)
        return Removed(sweep=deletion.name, bytes=done.bytes, notes=done.notes, unfinished=reason)
    return done


def _delete_tracked(config: SweepConfig, deletion: Deletion, home: Path, done: Removed) -> Removed:
    """Deletes what MLflow has, and the checkpoints that are kept elsewhere."""
    store, versions = _store(config, home), _versions(config, home)
    runs, notes = 0, []
    if store is not None:
        if not deletion.keep_model:
            notes += _delete_versions(store, config, versions, home)
        keep = deletion.keep_model and bool(versions)
        runs, left = retry(lambda: delete_runs(store, config, keep_own=keep))
        notes += [f"not deleted, since MLflow cannot: {place}" for place in left]
    storage = UriStorage.of(config)
    if storage is not None:
        try:
            storage.clear()
        except (OSError, ValueError) as error:
            raise TunerError(f"--storage {storage.uri}: {error}") from None
    models = tuple(f"{each.model}/{each.number}" for each in versions)
    deleted, kept = ((), models) if deletion.keep_model else (models, ())
    return Removed(sweep=done.sweep, bytes=done.bytes, runs=runs, models=deleted, kept=kept, notes=notes)


def _delete_versions(store: Store, config: SweepConfig, doomed: Sequence[Version], home: Path) -> list[str]:
    """Deletes registered versions. Returns what has become of the champions among them."""
    notes = []
    for model in dict.fromkeys(each.model for each in doomed):
        versions, numbers = Versions(store.uri, model), {each.number for each in doomed if each.model == model}
        note = retry(partial(hand_over, versions, config, numbers))
        notes += [note] if note else []
        alone = {version.number for version in retry(versions.all)} <= numbers
        if alone and not _any_running(home):  # one that runs may register a version at any moment
            retry(versions.delete_model)
            continue
        for number in sorted(numbers):
            retry(partial(versions.delete, number))
    return notes


def _any_running(home: Path) -> bool:
    return any(is_running(home / name) for name in sweep_names(home))


def _store(config: SweepConfig, home: Path) -> Store | None:
    """The store that has the sweep's runs; None when there is none. Raises TunerError when it is another one."""
    store = Store.of(home)
    store.check_begun(config)
    return store_with_models(home)


def _versions(config: SweepConfig, home: Path) -> list[Version]:
    store = _store(config, home)
    return retry(lambda: versions_of_uid(store.uri, config.uid)) if store else []


def _champion(version: Version, home: Path) -> int | None:
    return retry(Versions(Store.of(home).uri, version.model).champion)
