"""The name of a new sweep, and whether the store will take it."""

from __future__ import annotations

from pathlib import Path

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.sweep_folder import sweep_names
from tuner.core.sweep_name import check_sweep_name
from tuner.sweeps.growth import going_on
from tuner.sweeps.sweep_reader import SweepReader
from tuner.tracking.store import Store


def free_name(name: str | None, pair: str, home: Path) -> str:
    """The name asked for, if it is good and free, else the first free DATASET-MODEL-N."""
    if name is None:
        return next(f"{pair}-{n}" for n in range(1, 10**6) if not (home / f"{pair}-{n}").exists())
    check_sweep_name(name)
    if (home / name).exists():
        raise TunerError(f"--name '{name}' is taken: choose another{_onwards(name, home)}")
    return name


def _onwards(name: str, home: Path) -> str:
    """What to do with the sweep that has this name; empty when there is none, or it is damaged."""
    if name not in sweep_names(home):
        return ""
    try:
        status = SweepReader(name, home).status()
        hint = going_on(status.config, status.state, status.trials, status.summary.budgets)
    except TunerError:
        return ""
    return hint and f", or {hint}"


def check_store_writable(store: Store, config: SweepConfig, events: Callback) -> None:
    """Raises TunerError when a server takes no runs or artifacts: better now than after the training.

    An sqlite file has been checked already, and may be locked for a while.
    """
    if store.file is None:
        from tuner.tracking.write_check import check_writable  # noqa: PLC0415 - imports MLflow, which takes seconds

        left = check_writable(store, config.pair)
        if left:
            events.on_note(left, warning=False)
