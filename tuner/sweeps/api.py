"""The functions behind the commands: `sweep`, `train`, `resume`. They return an Outcome and print nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tuner.cli.terminal import detach_sweep, print_again, run_sweep
from tuner.core import catalog
from tuner.core.config import SweepRequest, check_request
from tuner.core.errors import TunerError
from tuner.core.files import make_folder, tuner_home
from tuner.core.outcome import is_sent
from tuner.core.sweep_folder import RESULT_FILE, check_sweep_name, claim_folder, known_sweep, sweep_names
from tuner.core.units import format_parameters
from tuner.data.source import Source
from tuner.sweeps.inputs import read_inputs
from tuner.sweeps.lock import is_running
from tuner.sweeps.plan import plan
from tuner.sweeps.resume import fit_to_machine
from tuner.sweeps.single_trial import changed_conditions, repeat_trial, single_trial
from tuner.tracking.store import Store, UnreachableError


def sweep(request: SweepRequest, *, background: bool = False, as_json: bool, out: Console, err: Console) -> int:
    """Plans a sweep, makes its folder and runs it. Returns the exit status."""
    check_request(request)
    data = Source.parse(request.dataset, request.target)
    catalog.check("models", request.model)
    home = make_folder(tuner_home())
    store = Store.of(home)
    store.check()
    name = _free_name(request.name, f"{data.name}-{request.model}", home)
    with err.status("Reading the data"):
        config, materials = plan(request, name)
    if request.fixed is None:
        _note_default(request, err)
    config, folder = claim_folder(replace(config, tracking=store.place), home, fixed=request.name is not None)
    if background:
        return detach_sweep(config, as_json=as_json, out=out, err=err)
    return run_sweep(config, materials, folder, as_json=as_json, out=out, err=err)


def train(
    request: SweepRequest,
    *,
    from_best: str | None,
    from_trial: str | None,
    background: bool = False,
    as_json: bool,
    out: Console,
    err: Console,
) -> int:
    """Trains once, without a search. Returns the exit status."""
    check_request(request)
    if from_best and from_trial:
        raise TunerError("--from-best and --from-trial: give one of them")
    home = tuner_home()
    point = repeat_trial(request, home, from_trial) if from_trial else single_trial(request, home, from_best)
    if from_best is None and from_trial is None:
        _note_default(request, err)
    if from_trial and (changed := changed_conditions(point, home, from_trial)):
        err.print(f"warning: {changed}", markup=False, soft_wrap=True)
    err.print(f"parameters: {format_parameters((point.fixed or {})['params'])}", markup=False, soft_wrap=True)
    return sweep(point, background=background, as_json=as_json, out=out, err=err)


def resume(name: str, *, background: bool = False, as_json: bool, out: Console, err: Console) -> int:
    """Runs what is left of a sweep. Returns the exit status."""
    home = tuner_home()
    config, folder = known_sweep(name, home), home / name
    if (folder / RESULT_FILE).exists():
        from tuner.core.sweep_folder import REPORT_FOLDER, REPORT_PAGE  # noqa: PLC0415

        if is_sent(folder) and (folder / REPORT_FOLDER / REPORT_PAGE).exists():
            raise TunerError(f"the sweep {name} is finished: its result is in {folder / RESULT_FILE}")
        from tuner.sweeps.sync import sync  # noqa: PLC0415 - imports MLflow

        sync(name, elsewhere=False, as_json=False, out=err, err=err)  # it was killed after its result
        return print_again(config, folder, as_json=as_json, out=out, err=err)
    if is_running(folder):
        raise TunerError(f"the sweep {name} is running in another process")
    if background:
        return detach_sweep(config, as_json=as_json, out=out, err=err)
    make_folder(folder)
    store = Store.of(home)
    store.check_begun(config)
    try:
        store.check()
    except UnreachableError as error:
        err.print(f"warning: {error}: training continues, and MLflow gets the rest later", markup=False, soft_wrap=True)
    config = fit_to_machine(config)
    with err.status("Reading the data"):
        materials = read_inputs(config)
    if config.data not in (None, materials.splits.fingerprint()):
        raise TunerError(f"the data of {name} is not what it started with: restore it, or start a new sweep")
    if config.pretrained not in (None, materials.fingerprint()):
        raise TunerError(f"{name} started with other weights than these: restore them, or start a new sweep")
    return run_sweep(config, materials, folder, as_json=as_json, out=out, err=err)


def _note_default(request: SweepRequest, err: Console) -> None:
    """Says so when the pair has no search space of its own."""
    data, model = Source.parse(request.dataset, request.target), request.model
    catalog.check("models", model)
    if request.space is None and not catalog.has_space(data.name, model):
        note = f"{data.name}-{model} has no search space of its own: the default one of {model} is used"
        err.print(note, soft_wrap=True)


def _free_name(name: str | None, pair: str, home: Path) -> str:
    """The name asked for, if it is good and free, else the first free DATASET-MODEL-N."""
    if name is None:
        return next(f"{pair}-{n}" for n in range(1, 10**6) if not (home / f"{pair}-{n}").exists())
    check_sweep_name(name)
    if (home / name).exists():
        onwards = f", or continue it: tuner resume {name}" if name in sweep_names(home) else ""
        raise TunerError(f"--name '{name}' is taken: choose another{onwards}")
    return name
