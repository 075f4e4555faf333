"""Optuna alone: one process, or several on one journal; the same training loop as tuner, and successive halving.

optuna_script.py --trials 24 --threads 2
optuna_script.py --trials 24 --processes 2

Writes no MLflow and no checkpoints, but for the best weights of each trial.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import optuna
import torch
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState

sys.path.insert(0, str(Path(__file__).parents[1]))
from opponents.digits_cnn import GRACE, REDUCTION, begin, draw, keep, load, tell, train

OVER = (TrialState.COMPLETE, TrialState.PRUNED)


def search(study: optuna.Study, folder: Path, trials: int, *, shared: bool) -> None:
    """Runs trials until the study has so many."""
    splits = load()

    def objective(trial: optuna.Trial) -> float:
        draw(trial)
        point = trial.params
        training = begin(point, splits, trial.number)
        best = 0.0
        for epoch, accuracy in train(training, splits):
            best = max(best, accuracy)
            trial.report(accuracy, epoch)
            if trial.should_prune():
                break
        trial.set_user_attr("epochs", training.epoch)
        trial.set_user_attr("best", best)
        keep(training, point, folder / f"{trial.number}.pt")
        if training.epoch < training.epochs:
            raise optuna.TrialPruned
        return best

    if shared:  # it counts the trials of all processes
        study.optimize(objective, callbacks=[MaxTrialsCallback(trials, states=(*OVER, TrialState.RUNNING))])
    else:
        study.optimize(objective, n_trials=trials)


def open_study(folder: Path, seed: int, *, shared: bool) -> optuna.Study:
    """The study, in memory or in a journal of the folder."""
    return optuna.create_study(
        study_name="digits-cnn",
        direction="maximize",
        storage=JournalStorage(JournalFileBackend(str(folder / "journal"))) if shared else None,
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=GRACE, reduction_factor=REDUCTION),
        load_if_exists=True,
    )


def main() -> None:
    """Runs the search in a temporary folder, or one of its processes in the folder given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--joins", type=Path, help="the folder of the search that this process takes part in")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(arguments.threads)
    shared = arguments.processes > 1 or arguments.joins is not None
    if arguments.joins:
        search(open_study(arguments.joins, arguments.seed, shared=True), arguments.joins, arguments.trials, shared=True)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = open_study(folder, arguments.seed, shared=shared)
        command = [sys.executable, __file__, "--trials", str(arguments.trials), "--joins", name]
        others = [
            subprocess.Popen([*command, "--seed", str(arguments.seed + number)])
            for number in range(1, arguments.processes)
        ]
        search(study, folder, arguments.trials, shared=shared)
        for process in others:
            if process.wait():
                sys.exit(process.returncode)
        over = study.get_trials(deepcopy=False, states=OVER)
        best = max(over, key=lambda trial: trial.user_attrs["best"])
        epochs = sum(trial.user_attrs["epochs"] for trial in over)
        tell(
            trials=len(over),
            epochs=epochs,
            val_accuracy=best.user_attrs["best"],
            file=folder / f"{best.number}.pt",
            splits=load(),
        )


if __name__ == "__main__":
    main()
