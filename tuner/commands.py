"""What the commands `sweep`, `resume` and `ui` do, in this process."""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console

from tuner import catalog
from tuner.config import SweepConfig, sweep_names
from tuner.data import Splits
from tuner.errors import TunerError, unknown
from tuner.files import make_folder, tuner_home
from tuner.machine import share
from tuner.outcome import FILE as RESULT
from tuner.outcome import SweepError
from tuner.plan import Request, load_data, plan
from tuner.store import Store
from tuner.summary import print_outcome

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
RESERVED = ("mlflow.db", "artifacts")
INTERRUPTED = 130  # the exit status of a program that SIGINT has ended


def sweep(request: Request, *, as_json: bool, out: Console, err: Console) -> int:
    """Plans a sweep, makes its folder and runs it. Returns the exit status."""
    _check_numbers(request)
    catalog.check("datasets", request.dataset)
    catalog.check("models", request.model)
    home = make_folder(tuner_home())
    Store.of(home).check()
    name = _free_name(request, home)
    with err.status("Reading the data"):
        config, splits = plan(request, name)
    config, folder = _claim(config, home, fixed=request.name is not None)
    config.save(folder)
    return _run(config, splits, folder, as_json=as_json, out=out, err=err)


def resume(name: str, *, as_json: bool, out: Console, err: Console) -> int:
    """Goes on with a sweep. Returns the exit status."""
    home = tuner_home()
    known = sweep_names(home)
    if name not in known:
        if not known:
            raise TunerError(f"there are no sweeps in {home}: begin one with tuner sweep, or set TUNER_HOME")
        raise unknown("sweep", name, known)
    folder = home / name
    if (folder / RESULT).exists():
        raise TunerError(f"the sweep {name} is finished: its result is in {folder / RESULT}")
    config = SweepConfig.load(folder)
    Store.of(home).check()
    config = _fitted(config)
    with err.status("Reading the data"):
        splits = load_data(config.dataset, config.limit)
    return _run(config, splits, folder, as_json=as_json, out=out, err=err)


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


def _run(config: SweepConfig, splits: Splits, folder: Path, *, as_json: bool, out: Console, err: Console) -> int:
    from tuner.sweep import Sweep  # noqa: PLC0415 - imports Ray, which takes a while

    store = Store.of(folder.parent)
    try:
        outcome = Sweep(config, splits, folder, store, err).run()
    except TunerError:
        raise
    except SweepError as error:
        return _stopped(str(error), err, 1)
    except KeyboardInterrupt:
        return _stopped(f"interrupted; to go on: tuner resume {config.name}", err, INTERRUPTED)
    except Exception as error:
        (folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        kept = f"all trials so far are kept; details in {folder / 'error.txt'}; to go on: tuner resume {config.name}"
        return _stopped(f"{reason}; {kept}", err, 1)
    if as_json:
        out.print_json(json.dumps(outcome.to_json()))
    else:
        print_outcome(outcome, store, out)
    return 0 if outcome.winner else INTERRUPTED


def _fitted(config: SweepConfig) -> SweepConfig:
    """The sweep as this machine can run it: with as many trials side by side as before, or as many as fit."""
    fits = partial(share, trials=config.trials, gpus_per_trial=config.gpus_per_trial)
    try:
        fits(concurrency=config.concurrency, cpus_per_trial=config.cpus_per_trial)
    except TunerError:
        smaller = fits(concurrency=None, cpus_per_trial=None)
        return replace(config, concurrency=smaller.concurrency, cpus_per_trial=smaller.cpus_per_trial)
    return config


def _stopped(message: str, err: Console, code: int) -> int:
    err.print(f"error: {message}", markup=False, soft_wrap=True)
    return code


def _check_numbers(request: Request) -> None:
    """The options that must be at least 1, as far as they are given."""
    for option in ("trials", "max_epochs", "concurrency", "cpus_per_trial", "limit"):
        value = getattr(request, option)
        if value is not None and value < 1:
            raise TunerError(f"--{option.replace('_', '-')} must be at least 1, got {value}")
    if not 0 <= request.seed < 2**31:
        raise TunerError(f"--seed must be at least 0 and below 2147483648, got {request.seed}")


def _free_name(request: Request, home: Path) -> str:
    """The name asked for, if it is good and free, else the first free DATASET-MODEL-N."""
    name = request.name
    if name is None:
        pair = f"{request.dataset}-{request.model}"
        return next(f"{pair}-{n}" for n in range(1, 10**6) if not (home / f"{pair}-{n}").exists())
    if not NAME.fullmatch(name):
        raise TunerError(f"--name '{name}': use letters, digits, '.', '_' and '-', at most 100, the first no sign")
    if name in RESERVED:
        raise TunerError(f"--name '{name}': {' and '.join(RESERVED)} are the tracking store's own: choose another")
    if (home / name).exists():
        onwards = f", or go on with it: tuner resume {name}" if name in sweep_names(home) else ""
        raise TunerError(f"--name '{name}' is taken: choose another{onwards}")
    return name


def _claim(config: SweepConfig, home: Path, *, fixed: bool) -> tuple[SweepConfig, Path]:
    """Makes the sweep's folder; a name of our own moves on to the next number if another process was faster."""
    while True:
        folder = home / config.name
        try:
            folder.mkdir()
        except FileExistsError:
            if fixed:
                raise TunerError(f"--name '{config.name}' is taken: choose another") from None
            stem, number = config.name.rsplit("-", 1)
            config = replace(config, name=f"{stem}-{int(number) + 1}")
        else:
            return config, folder
