"""Sweeps whose trials train in this process, one after the other."""

from __future__ import annotations

from pathlib import Path

from tuner.config import SweepConfig
from tuner.data import Splits
from tuner.materials import Materials
from tuner.policy import Listener, Policy
from tuner.records import FILE as JOURNAL
from tuner.schedule import rungs
from tuner.search import Study
from tuner.store import Store
from tuner.tracker import Tracker
from tuner.tracking import MlflowSweep
from tuner.trial import TrialJob, run_here, to_arrays


class Nobody:
    """Listens to no trial."""

    def trial_started(self, record: object) -> None: ...
    def trial_reported(self, number: int, metrics: object) -> None: ...
    def trial_ended(self, record: object) -> None: ...


def run_trials(config: SweepConfig, splits: Splits, study: Study, folder: Path, listener: Listener) -> None:
    """Runs all trials of the sweep to their ends."""
    policy = Policy(config, study, folder / "trials", listener)
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
    run_here(policy, job, to_arrays(Materials(splits, {})), tick=lambda: None)
    assert policy.over
    policy.finish()


def tracked(config: SweepConfig, splits: Splits, home: Path) -> Study:
    """Runs them and sends them to the MLflow store of `home`. Nothing is tested or registered."""
    folder = home / config.name
    folder.mkdir(parents=True)
    config.save(folder)
    store = Store.of(home)
    study = Study(folder / JOURNAL, config.search_space(), seed=config.seed, trials=config.trials)
    tracker = Tracker(lambda heard: MlflowSweep(store, config, heard=heard), study.record, ask=store.ask, say=print)
    run_trials(config, splits, study, folder, tracker)
    assert tracker.close("FINISHED") == ""
    return study
