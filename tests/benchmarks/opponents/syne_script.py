"""Syne Tune's local backend with its ASHA, and the same training loop as tuner: a process for each trial.

Needs the package syne-tune, which is in tuner's extra `bench`.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("SYNETUNE_FOLDER", tempfile.mkdtemp())  # read on import

import sys

from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend import LocalBackend
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import choice, loguniform, uniform
from syne_tune.optimizer.baselines import ASHA
from syne_tune.tuner_callback import TunerCallback

sys.path.insert(0, str(Path(__file__).parents[1]))
from opponents.digits_cnn import EPOCHS, GRACE, REDUCTION, load, tell

SPACE = {
    "optimizer": choice(["sgd", "adam", "adamw"]),
    "lr_sgd": loguniform(0.02, 0.5),
    "lr_adam": loguniform(1e-3, 1e-2),
    "momentum": uniform(0.8, 0.95),
    "batch_size": choice([32, 64, 128]),
    "weight_decay": loguniform(1e-5, 1e-2),
    "dropout": uniform(0.0, 0.5),
    "width": choice([0.5, 1.0]),
}


class Last(TunerCallback):  # type: ignore[misc]
    """The last result of each trial."""

    def __init__(self) -> None:
        self.results: dict[int, dict[str, Any]] = {}

    def on_trial_result(self, trial: Trial, status: str, result: dict[str, Any], decision: str) -> None:
        self.results[trial.trial_id] = result


def main() -> None:
    """Runs the search in a temporary folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=24)
    arguments = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    last = Last()
    backend = LocalBackend(str(Path(__file__).with_name("syne_trial.py")))
    tuner = Tuner(
        backend,
        ASHA(
            SPACE,
            metric="val_accuracy",
            time_attr="epoch",
            max_t=EPOCHS,
            do_minimize=False,
            random_seed=0,
            grace_period=GRACE,
            reduction_factor=REDUCTION,
        ),
        StoppingCriterion(max_num_trials_started=arguments.trials),
        n_workers=len(os.sched_getaffinity(0)),
        sleep_time=0.1,  # between two looks at the trials; its default of 5 s suits long ones
        print_update_interval=1e9,
        save_tuner=False,
        wait_trial_completion_when_stopping=True,
        callbacks=[last],
    )
    tuner.run()
    best = max(last.results, key=lambda number: last.results[number]["best"])
    tell(
        trials=len(last.results),
        epochs=sum(result["epoch"] for result in last.results.values()),
        val_accuracy=last.results[best]["best"],
        file=backend.checkpoint_trial_path(best) / "best.pt",
        splits=load(),
    )


if __name__ == "__main__":
    main()
