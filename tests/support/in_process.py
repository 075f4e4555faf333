"""Sweeps whose trials train in this process, one after the other."""

from __future__ import annotations

from pathlib import Path

from support.made_up_search import Recorder, controller_of, study_of
from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.data.spec import Splits
from tuner.execution.in_process import InProcessExecutor
from tuner.search.schedulers import make_scheduler
from tuner.search.study import Study
from tuner.sweeps.inputs import SweepInputs
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.store import Store
from tuner.training.trial import TrialJob


def run_trials(
    config: SweepConfig, splits: Splits, study: Study, folder: Path, callback: Callback | None = None
) -> None:
    """Runs all trials of the sweep to their ends."""
    controller = controller_of(config, study, folder, callback)
    job = TrialJob(
        sweep=config.name,
        data=splits.spec,
        model=config.model,
        epochs=config.epochs,
        rungs=make_scheduler(config).rungs(),
        seed=config.seed,
        threads=1,
        gpus=0,
        folder=folder / "trials",
        halves=config.oom == "halve-batch",
    )
    with InProcessExecutor() as executor:
        executor.run(controller, job, SweepInputs(splits, {}).to_arrays(), tick=lambda: None)
    assert controller.over
    controller.finish()


def tracked(config: SweepConfig, splits: Splits, home: Path) -> Study:
    """Runs them and sends them to the MLflow store of `home`. Nothing is tested or registered."""
    folder = home / config.name
    folder.mkdir(parents=True)
    config.save(folder)
    store, study, told = Store.of(home), study_of(config, folder), Recorder()
    tracker = BackgroundTracker(
        lambda heard: MlflowSweep(store, config, heard=heard), study.record, ask=store.ask, note=told.on_note
    )
    tracker.start()
    run_trials(config, splits, study, folder, tracker)
    assert tracker.close("FINISHED") == "", told.notes
    return study
