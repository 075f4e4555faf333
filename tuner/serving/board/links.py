"""Where else a sweep can be looked at: MLflow's UI, Ray's dashboard, optuna-dashboard."""

from __future__ import annotations

from pathlib import Path

from tuner.core.errors import TunerError, one_line
from tuner.core.sweep_folder import SweepFolder, known_sweep
from tuner.serving.board.cluster import Cluster
from tuner.sweeps.lock import last_driver


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


def ray_link(name: str, home: Path, cluster: Cluster | None) -> str:
    """The address of a sweep on Ray's dashboard. Raises TunerError when there is none."""
    known_sweep(name, home)
    if cluster is not None:
        return cluster.ray_page(name)
    driver = last_driver(SweepFolder(home / name).path)
    if driver is None or not driver.dashboard:
        raise TunerError(f"{name} has no Ray dashboard now: a sweep has one while it runs with --dashboard")
    return driver.dashboard
