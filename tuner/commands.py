"""What the commands `sweep`, `resume` and `ui` do, in this process."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tuner import catalog
from tuner.config import SweepConfig, known_sweep, sweep_names
from tuner.driver import is_running
from tuner.errors import TunerError, shown
from tuner.files import make_folder, tuner_home
from tuner.machine import Asked
from tuner.materials import gather
from tuner.names import check_name, claim
from tuner.outcome import FILE as RESULT
from tuner.outcome import is_sent
from tuner.plan import Request, check_numbers, divide, plan
from tuner.progress import format_parameters
from tuner.run import again, run
from tuner.source import Source
from tuner.store import Store, UnreachableError
from tuner.summary import print_predictions, print_report
from tuner.train import changes, repeated, single


def sweep(request: Request, *, background: bool = False, as_json: bool, out: Console, err: Console) -> int:
    """Plans a sweep, makes its folder and runs it. Returns the exit status."""
    check_numbers(request)
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
    config, folder = claim(replace(config, tracking=store.place), home, fixed=request.name is not None)
    if background:
        return _detach(config, as_json=as_json, out=out, err=err)
    return run(config, materials, folder, as_json=as_json, out=out, err=err)


def train(
    request: Request,
    *,
    from_best: str | None,
    from_trial: str | None,
    background: bool = False,
    as_json: bool,
    out: Console,
    err: Console,
) -> int:
    """Trains once, without a search. Returns the exit status."""
    check_numbers(request)
    if from_best and from_trial:
        raise TunerError("--from-best and --from-trial: give one of them")
    home = tuner_home()
    point = repeated(request, home, from_trial) if from_trial else single(request, home, from_best)
    if from_best is None and from_trial is None:
        _note_default(request, err)
    if from_trial and (changed := changes(point, home, from_trial)):
        err.print(f"warning: {changed}", markup=False, soft_wrap=True)
    err.print(f"parameters: {format_parameters((point.fixed or {})['params'])}", markup=False, soft_wrap=True)
    return sweep(point, background=background, as_json=as_json, out=out, err=err)


def resume(name: str, *, background: bool = False, as_json: bool, out: Console, err: Console) -> int:
    """Goes on with a sweep. Returns the exit status."""
    home = tuner_home()
    config, folder = known_sweep(name, home), home / name
    if (folder / RESULT).exists():
        from tuner.report.make import FOLDER, PAGE  # noqa: PLC0415

        if is_sent(folder) and (folder / FOLDER / PAGE).exists():
            raise TunerError(f"the sweep {name} is finished: its result is in {folder / RESULT}")
        from tuner.sync import sync  # noqa: PLC0415 - imports MLflow

        sync(name, elsewhere=False, as_json=False, out=err, err=err)  # it was killed after its result
        return again(config, folder, as_json=as_json, out=out, err=err)
    if is_running(folder):
        raise TunerError(f"the sweep {name} is running in another process")
    if background:
        return _detach(config, as_json=as_json, out=out, err=err)
    make_folder(folder)
    store = Store.of(home)
    store.check_begun(config)
    try:
        store.check()
    except UnreachableError as error:
        err.print(f"warning: {error}: training goes on, and it is sent the rest later", markup=False, soft_wrap=True)
    config = _fitted(config)
    with err.status("Reading the data"):
        materials = gather(config)
    if config.data not in (None, materials.splits.fingerprint()):
        raise TunerError(f"the data of {name} is not what it began with: bring it back, or begin a new sweep")
    if config.pretrained not in (None, materials.fingerprint()):
        raise TunerError(f"{name} began with other weights than these: bring them back, or begin a new sweep")
    return run(config, materials, folder, as_json=as_json, out=out, err=err)


def report(name: str, *, as_json: bool, out: Console, err: Console) -> int:
    """Makes a sweep's report, finished or not. Returns the exit status: 1 when a part of it could not be made."""
    from tuner.report.make import publish  # noqa: PLC0415 - imports matplotlib and plotly

    home = tuner_home()
    known_sweep(name, home)
    with err.status("Making the report"):
        made = publish(home / name, Store.of(home), lambda text: err.print(f"warning: {text}", markup=False))
    if as_json:
        out.print_json(json.dumps(made.to_json()))
    else:
        print_report(made, out)
    return 1 if made.failed else 0


def predict(
    name: str, files: list[str], *, explain: bool, folder: Path, as_json: bool, out: Console, err: Console
) -> int:
    """Prints the classes of the files' samples. Returns the exit status: 1 when a file was left out."""
    from tuner.find_model import find_model  # noqa: PLC0415
    from tuner.predict import predict, read_samples  # noqa: PLC0415
    from tuner.saved import load_model  # noqa: PLC0415

    with TemporaryDirectory() as scratch:
        model, data = load_model(find_model(name, tuner_home(), Path(scratch)))
    if explain and data.task != "image":
        raise TunerError(f"--explain draws on images, and {data.name} is {data.task} data")
    samples = read_samples(data, files)
    predictions = predict(model, data, samples)
    if as_json:
        answers = [prediction.to_json() for prediction in predictions]
        out.print_json(json.dumps(answers), ensure_ascii=True)  # a file's name may be no UTF-8
    else:
        print_predictions(predictions, out)
    if explain:
        from tuner.explain import explain as draw  # noqa: PLC0415 - captum takes a while

        for path in draw(model, data, samples.inputs, predictions, make_folder(folder)):
            err.print(f"explained in {shown(str(path))}", markup=False, soft_wrap=True)
    for reason in samples.broken:
        err.print(f"left out: {shown(reason)}", markup=False, soft_wrap=True)
    return 1 if samples.broken else 0


def ui(port: int, err: Console) -> None:
    """Becomes MLflow's UI on the embedded store, or names the server that is in use."""
    home = tuner_home()
    store = Store.of(home)
    if not store.local:
        err.print(f"The sweeps are tracked by the MLflow server at {store.address}: open that address in a browser.")
        return
    if store.embedded and not (home / "mlflow.db").exists():
        raise TunerError(f"there are no sweeps in {home}: begin one with tuner sweep, or set TUNER_HOME")
    err.print(f"MLflow's UI: http://127.0.0.1:{port}   (Ctrl-C ends it)")
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", store.uri]
    if store.artifacts:
        command += ["--artifacts-destination", store.artifacts]
    os.execv(sys.executable, command)


def _detach(config: SweepConfig, *, as_json: bool, out: Console, err: Console) -> int:
    from tuner.steer import detach  # noqa: PLC0415

    code = detach(config.name, err=err)
    if as_json:
        out.print_json(json.dumps({"sweep": config.name, "folder": str(tuner_home() / config.name)}))
    return code


def _note_default(request: Request, err: Console) -> None:
    """Says so when the pair has no search space of its own."""
    data, model = Source.parse(request.dataset, request.target), request.model
    catalog.check("models", model)
    if request.space is None and not catalog.has_space(data.name, model):
        note = f"{data.name}-{model} has no search space of its own: the default one of {model} is taken"
        err.print(note, soft_wrap=True)


def _fitted(config: SweepConfig) -> SweepConfig:
    """The sweep as this machine can run it: with as many trials side by side as before, or as many as fit."""
    asked = Asked(
        trials=config.trials,
        concurrency=config.concurrency,
        cpus_per_trial=config.cpus_per_trial,
        gpus_per_trial=config.gpus_per_trial,
        workers_per_node=config.workers_per_node,
    )
    try:
        divide(asked)
    except TunerError:
        smaller = divide(replace(asked, concurrency=None, cpus_per_trial=None))
        return replace(config, concurrency=smaller.concurrency, cpus_per_trial=smaller.cpus_per_trial)
    return config


def _free_name(name: str | None, pair: str, home: Path) -> str:
    """The name asked for, if it is good and free, else the first free DATASET-MODEL-N."""
    if name is None:
        return next(f"{pair}-{n}" for n in range(1, 10**6) if not (home / f"{pair}-{n}").exists())
    check_name(name)
    if (home / name).exists():
        onwards = f", or go on with it: tuner resume {name}" if name in sweep_names(home) else ""
        raise TunerError(f"--name '{name}' is taken: choose another{onwards}")
    return name
