"""What is checked, read and planned before a sweep runs: nothing is trained, and wrong requests end here.

A sweep in the background begins with one of these functions, and another process goes on with `api.resume`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tuner.core import several_models
from tuner.core.budget_text import ended_text
from tuner.core.callback import Callback, Callbacks
from tuner.core.claim import claim_folder
from tuner.core.config import SweepConfig
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.confirmation import ConfirmPlan
from tuner.core.errors import TunerError
from tuner.core.files import make_folder, tuner_home
from tuner.core.grow_request import GROWING, GrowRequest
from tuner.core.result_file import is_sent, read_winner
from tuner.core.sweep_folder import SweepFolder, known_sweep
from tuner.core.sweep_request import SweepRequest
from tuner.core.units import format_parameters
from tuner.data.source import Source
from tuner.search.study_reader import read_records
from tuner.sweeps.confirmation import check_divisions, is_pending, plan_more
from tuner.sweeps.growth import announce, begin_growth, grown, with_more
from tuner.sweeps.inputs import Inputs, SweepInputs
from tuner.sweeps.lock import is_running, lock_for_sync
from tuner.sweeps.model_choice import with_models
from tuner.sweeps.new_names import check_store_writable, free_name
from tuner.sweeps.new_space import check_new_space, finish_drawing
from tuner.sweeps.notify import keep_notification
from tuner.sweeps.own_code import read_own_code, tell_changes, tell_other_code, tell_repeated
from tuner.sweeps.pair import check_data_name, check_sweep_is_no_pair, identify
from tuner.sweeps.plan import plan
from tuner.sweeps.program_inputs import ProgramInputs
from tuner.sweeps.program_preparation import begin_program
from tuner.sweeps.resume import check_inputs, fit_to_machine
from tuner.sweeps.several import check_several
from tuner.sweeps.single_trial import changed_conditions, repeat_trial, single_trial
from tuner.sweeps.space_note import note_default_space
from tuner.sweeps.sweep_reader import SweepReader
from tuner.tracking.store import Store
from tuner.tracking.store_check import UnreachableError


def begin(
    request: SweepRequest, *, callbacks: Sequence[Callback] = (), home: Path | None = None
) -> tuple[SweepConfig, SweepFolder, Inputs]:
    """Plans a sweep and makes its folder, without running it. See `sweep`."""
    request.check()
    events = Callbacks(callbacks)
    if request.program is not None:
        return begin_program(request, request.program, events=events, home=home)
    home = make_folder(home or tuner_home())
    config, inputs, store = plan_sweep(request, home, events)
    check_store_writable(store, config, events)
    also = partial(keep_notification, target=request.notify)
    config = replace(config, tracking=store.place)
    config, folder = claim_folder(config, home, fixed=request.name is not None, also=also)
    return config, SweepFolder(folder), inputs


def plan_sweep(request: SweepRequest, home: Path, events: Callbacks) -> tuple[SweepConfig, SweepInputs, Store]:
    """What the sweep of a checked request would be, and the store that it would be tracked by; nothing is written."""
    request, splits = with_models(request, events)
    request = read_own_code(request, events)
    data = Source.asked(request)
    several_models.check(request.model)
    check_several(request)
    store = Store.of(home)
    store.check()
    name = free_name(request.name, f"{data.name}-{several_models.title(request.model)}", home)
    with events.phase("Reading the data"):
        config, inputs = plan(request, name, home=home, events=events, splits=splits)
        config = identify(config, inputs.splits, home)
    check_data_name(config, store, home, events)
    tell_other_code(config, home, events)
    if request.name is not None:
        check_sweep_is_no_pair(name, config, home)
    if request.fixed is None:
        note_default_space(request, data, events)
    return config, inputs, store


def training_request(
    request: SweepRequest,
    *,
    from_best: str | None = None,
    from_trial: str | None = None,
    callbacks: Sequence[Callback] = (),
    home: Path | None = None,
) -> SweepRequest:
    """The request for one training.

    Args:
        request: what is asked for.
        from_best: take the parameters of this sweep's best trial.
        from_trial: repeat this trial, SWEEP/NUMBER, as it was.
        callbacks: are told which parameters are taken, and what is not as it was.
        home: the folder of all sweeps, by default TUNER_HOME.

    Raises:
        TunerError: there is no such sweep or trial, or something in the request is wrong.
    """
    request.check()
    if from_best and from_trial:
        raise TunerError("--from-best and --from-trial: give one of them")
    if several_models.is_several(request.model):
        models = several_models.shown(request.model)
        raise TunerError(f"tuner train takes one model, not {models}: tuner sweep takes several")
    home, events = home or tuner_home(), Callbacks(callbacks)
    request = read_own_code(request, events, tell_space=from_best is None and from_trial is None)
    single = repeat_trial(request, home, from_trial) if from_trial else single_trial(request, home, from_best)
    if from_best is None and from_trial is None:
        note_default_space(request, Source.asked(request), events)
    if from_trial:
        tell_repeated(single, events)
    if from_trial and (changed := changed_conditions(single, home, from_trial)):
        events.on_note(changed)
    events.on_note(f"parameters: {format_parameters((single.fixed or {})['params'])}", warning=False)
    return single


def check_resumable(name: str, home: Path) -> SweepConfig:
    """The configuration of a sweep that can be resumed.

    Raises:
        TunerError: there is no such sweep, it is finished, or it runs.
    """
    config, folder = known_sweep(name, home), SweepFolder(home / name)
    _check_not_running(folder)
    if folder.result.exists() and is_sent(folder.path) and folder.report_page.exists() and not is_pending(folder):
        status = SweepReader(name, home).status()
        ended = ended_text(config, status.ended_by)
        more = with_more(config, status.trials, status.summary.budgets)
        onwards = more and (f"; to go on: {more}" if ended else f"; for more trials: {more}")
        by = ended and f"what ended its search was {ended}; "
        raise TunerError(f"the sweep {name} is finished: {by}its result is in {folder.result}{onwards}")
    return config


def begin_growing(
    name: str, asked: GrowRequest, *, callbacks: Sequence[Callback] = (), home: Path | None = None
) -> tuple[SweepConfig, SweepFolder, Inputs]:
    """Makes a finished or interrupted sweep one with more trials or time, or with another
    search space, without training. From then on `resume` does.

    Args:
        name: the sweep's.
        asked: how many, and how long.
        callbacks: are told what is done.
        home: the folder of all sweeps, by default TUNER_HOME.

    Raises:
        TunerError: it is no more than there is, the sweep runs, or its data or weights have changed.
    """
    asked.check()
    home = home or tuner_home()
    config, folder, events = known_sweep(name, home), SweepFolder(home / name), Callbacks(callbacks)
    _check_not_running(folder)
    planned = grown(config, folder, asked)  # whatever is wrong with the request is told before the data is read
    fitted, inputs = prepare_again(config, folder, events)
    if isinstance(inputs, SweepInputs):
        check_new_space(planned, asked, inputs.splits.spec)
    with lock_for_sync(folder.path):  # nobody runs the sweep meanwhile
        if asked.changes_space or asked.max_epochs or asked.retry_failed:
            finish_drawing(config, folder, read_records(folder.journal))
        new = grown(config, folder, asked, events)
        begin_growth(new, folder)
    announce(config, new, asked, folder, events)
    return replace(fitted, **{name: getattr(new, name) for name in GROWING}), folder, inputs


def begin_confirming(
    name: str, asked: ConfirmRequest, *, callbacks: Sequence[Callback] = (), home: Path | None = None
) -> tuple[SweepConfig, SweepFolder, Inputs]:
    """Plans to confirm the winner of a finished sweep, without training. From then on `resume` does it.

    Args:
        name: the sweep's.
        asked: how.
        callbacks: are told what happens.
        home: the folder of all sweeps, by default TUNER_HOME.

    Raises:
        TunerError: the sweep is not finished, or it is confirmed already.
    """
    asked.check()
    home = home or tuner_home()
    config, folder, events = known_sweep(name, home), SweepFolder(home / name), Callbacks(callbacks)
    if config.program is not None:
        raise TunerError(f"{name} is a sweep of your own training code, which tuner confirm does not repeat")
    if not folder.result.exists():
        raise TunerError(f"the sweep {name} is not finished: only a winner can be confirmed")

    _check_not_running(folder)

    def planned() -> ConfirmPlan:
        winner = read_winner(folder.path, read_records(folder.journal))
        return plan_more(config, folder, winner.trial, asked)

    planned()  # whatever is wrong with the request is told before the data is read
    config, inputs = prepare_again(config, folder, events)
    if isinstance(inputs, SweepInputs):
        check_divisions(asked, inputs.splits)
    with lock_for_sync(folder.path):  # nobody runs the sweep meanwhile
        planned().save(folder)
    return config, folder, inputs


def prepare_again(config: SweepConfig, folder: SweepFolder, events: Callbacks) -> tuple[SweepConfig, Inputs]:
    """What is checked and read before a sweep goes on. Raises TunerError when something is not as it was."""
    make_folder(folder.path)
    store = Store.of(folder.home)
    store.check_begun(config)
    try:
        store.check()
        check_store_writable(store, config, events)
    except UnreachableError as error:
        events.on_note(f"{error}: training continues, and MLflow gets the rest later")
    tell_changes(config, events)
    config = fit_to_machine(config)
    if config.program:
        return config, ProgramInputs.open(config, folder)
    with events.phase("Reading the data"):
        return config, check_inputs(config)


def _check_not_running(folder: SweepFolder) -> None:
    """Tells it before the data is read; the lock decides later."""
    if is_running(folder.path):
        raise TunerError(f"the sweep {folder.path.name} is running in another process")
