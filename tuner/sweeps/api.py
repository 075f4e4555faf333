"""The functions behind the commands `sweep`, `train`, `resume` and `confirm`. They return an Outcome and print nothing.

What happens is told to callbacks. What comes before the training is in `preparation`.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tuner.core.callback import Callback, Callbacks
from tuner.core.config import SweepConfig
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.errors import SweepError, SweepStopped, TunerError
from tuner.core.files import tuner_home
from tuner.core.grow_request import GrowRequest
from tuner.core.outcome import Outcome
from tuner.core.sweep_folder import SweepFolder
from tuner.core.sweep_request import SweepRequest
from tuner.sweeps.confirmation import is_pending
from tuner.sweeps.inputs import Inputs
from tuner.sweeps.lock import lock_for_sync
from tuner.sweeps.notify import Notifier
from tuner.sweeps.preparation import (
    begin,
    begin_confirming,
    begin_growing,
    check_resumable,
    prepare_again,
    training_request,
)
from tuner.sweeps.run import SweepRun


def sweep(
    request: SweepRequest, *, callbacks: Sequence[Callback] = (), home: Path | None = None, dashboard: bool = False
) -> Outcome:
    """Searches for the best hyperparameters, tests the best trial and registers its model.

    Args:
        request: what is asked for.
        callbacks: are told what happens.
        home: the folder of all sweeps, by default TUNER_HOME.
        dashboard: whether Ray's dashboard starts too, and its address is told.

    Raises:
        TunerError: something in the request is wrong; nothing has begun.
        SweepError: there is no model; what was done is kept.
        SweepStopped: a signal came before there was a trial to save.
    """
    config, folder, inputs = begin(request, callbacks=callbacks, home=home)
    return _run(config, folder, inputs, callbacks, dashboard=dashboard)


def train(
    request: SweepRequest,
    *,
    from_best: str | None = None,
    from_trial: str | None = None,
    callbacks: Sequence[Callback] = (),
    home: Path | None = None,
) -> Outcome:
    """Trains once, without a search: a sweep of one trial. See `training_request` and `sweep`."""
    request = training_request(request, from_best=from_best, from_trial=from_trial, callbacks=callbacks, home=home)
    return sweep(request, callbacks=callbacks, home=home)


def resume(
    name: str, *, callbacks: Sequence[Callback] = (), home: Path | None = None, dashboard: bool = False
) -> Outcome:
    """Resumes a sweep from where it was. One that was killed after its result is only sent to MLflow and reported.

    Raises:
        TunerError: there is no such sweep, it is finished, it runs, or its data or weights have changed.
        SweepError, SweepStopped: see `sweep`.
    """
    home = home or tuner_home()
    events, folder = Callbacks(callbacks), SweepFolder(home / name)
    config = check_resumable(name, home)
    if folder.result.exists() and not is_pending(folder):
        return _complete(config, folder, events)
    config, inputs = prepare_again(config, folder, events)
    return _run(config, folder, inputs, callbacks, dashboard=dashboard)


def grow(
    name: str,
    asked: GrowRequest,
    *,
    callbacks: Sequence[Callback] = (),
    home: Path | None = None,
    dashboard: bool = False,
) -> Outcome:
    """Goes on with a finished or interrupted sweep, with more trials or time. See `begin_growing` and `sweep`."""
    config, folder, inputs = begin_growing(name, asked, callbacks=callbacks, home=home)
    return _run(config, folder, inputs, callbacks, dashboard=dashboard)


def confirm(
    name: str, asked: ConfirmRequest, *, callbacks: Sequence[Callback] = (), home: Path | None = None
) -> Outcome:
    """Trains the parameters of a finished sweep's winner again with other seeds. See `begin_confirming` and `sweep`."""
    config, folder, inputs = begin_confirming(name, asked, callbacks=callbacks, home=home)
    return _run(config, folder, inputs, callbacks)


def _run(
    config: SweepConfig,
    folder: SweepFolder,
    inputs: Inputs,
    callbacks: Sequence[Callback],
    *,
    dashboard: bool = False,
) -> Outcome:
    notifier = Notifier(config, folder, Callbacks(callbacks))
    try:
        with SweepRun.open(config, folder, inputs, [*callbacks, notifier], dashboard=dashboard) as run:
            try:
                outcome = run.finalize() if run.search() else run.interrupted()
            except TunerError as error:  # not where another process has the sweep
                notifier.on_sweep_error(str(error))
                raise
    except SweepStopped:
        notifier.on_sweep_stopped()
        raise
    except SweepError as error:
        notifier.on_sweep_error(str(error))
        raise
    run.events.on_sweep_end(outcome)
    return outcome


def _complete(config: SweepConfig, folder: SweepFolder, events: Callbacks) -> Outcome:
    """Sends and reports what a sweep that was killed after its result lacks."""
    from tuner.sweeps.baselines import complete_baselines  # noqa: PLC0415 - imports torch
    from tuner.sweeps.finalize import read_outcome  # noqa: PLC0415 - imports MLflow and matplotlib
    from tuner.sweeps.sync import open_store, sync_one  # noqa: PLC0415

    with lock_for_sync(folder.path):
        if not is_pending(folder):  # another process may have planned to go on meanwhile
            for each in (folder.confirmation, folder.refit):  # a kill may have come just before
                shutil.rmtree(each.trials, ignore_errors=True)
            complete_baselines(config, folder, events)
    done = sync_one(folder.path, open_store(folder.home), events, needed=True, elsewhere=False)
    events.on_note(str(done), warning=False)
    outcome = read_outcome(config, folder.path)
    Callbacks([events, Notifier(config, folder, events)]).on_sweep_end(outcome)
    return outcome
