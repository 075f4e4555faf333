"""Where else a sweep can be looked at: MLflow's UI, Ray's dashboard, optuna-dashboard."""

from __future__ import annotations

from pathlib import Path

from tuner.core.errors import TunerError, one_line
from tuner.core.sweep_folder import known_sweep


def mlflow_link(name: str, home: Path, server: str) -> str:
    """The address of a sweep's run in MLflow's UI. Finding it imports MLflow, which takes seconds the first time.

    Args:
        name: of the sweep.
        home: the folder of all sweeps.
        server: the address of MLflow's UI; empty where it does not run.

    Raises:
        TunerError: MLflow's UI does not run, does not answer, or has no such run yet.
    """
    config = known_sweep(name, home)
    if not server:
        raise TunerError("MLflow's UI does not run: there is nothing in its store yet")
    from tuner.tracking.artifacts import NoRunError, find_sweep_run  # noqa: PLC0415 - imports MLflow
    from tuner.tracking.store import Store  # noqa: PLC0415

    try:
        run = find_sweep_run(Store.of(home), config)
    except NoRunError:
        raise TunerError(f"{name} is not in MLflow yet") from None
    except Exception as error:  # whatever MLflow raises when it cannot be reached
        raise TunerError(f"MLflow does not answer: {one_line(error)}") from None
    return f"{server}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
