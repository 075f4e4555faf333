"""Sweeps whose trials train in this process, one after the other."""

from __future__ import annotations

from pathlib import Path

from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import Splits
from tuner.execution.in_process import run_here
from tuner.search.controller import Controller
from tuner.search.schedulers.asha import rungs
from tuner.search.study import Study
from tuner.sweeps.inputs import SweepInputs, to_arrays
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.store import Store
from tuner.training.trial import TrialJob


class Nobody:
    """Listens to no trial."""

    def trial_started(self, record: object) -> None: ...
    def trial_reported(self, number: int, metrics: object) -> None: ...
    def trial_ended(self, record: object) -> None: ...


def run_trials(config: SweepConfig, splits: Splits, study: Study, folder: Path, listener: Callback) -> None:
    """Runs all trials of the sweep to their ends."""
    policy = Controller(config, study, folder / "trials", listener)
    job = TrialJob(
        sweep=config.name,
        data=splits.spec,
        model=config.model,
        epochs=config.epochs,
        rungs=rungs(config.epochs),
        seed=config.seed,
        threads=1,
        gpus=0,
        folder=folder / "trials",
        halves=config.oom == "halve-batch",
    )
    run_here(policy, job, to_arrays(SweepInputs(splits, {})), tick=lambda: None)
    assert policy.over
    policy.finish()


def tracked(config: SweepConfig, splits: Splits, home: Path) -> Study:
    """Runs them and sends them to the MLflow store of `home`. Nothing is tested or registered."""
    folder = home / config.name
    folder.mkdir(parents=True)
    config.save(folder)
    store = Store.of(home)
    study = Study(SweepFolder(folder).journal, config.search_space(), seed=config.seed, trials=config.trials)
    tracker = BackgroundTracker(
        lambda heard: MlflowSweep(store, config, heard=heard), study.record, ask=store.ask, say=print
    )
    run_trials(config, splits, study, folder, tracker)
    assert tracker.close("FINISHED") == ""
    return study
