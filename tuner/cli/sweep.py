"""The commands that begin to train: sweep, train."""

from __future__ import annotations

import typer

from tuner.cli import budget_options as budget
from tuner.cli import confirm_options as confirming
from tuner.cli import data_options as data
from tuner.cli import finalist_options as final
from tuner.cli import objective_options as goals
from tuner.cli import options as opt
from tuner.cli import program_options as code
from tuner.cli import start_options as start
from tuner.cli.begin import begin, begin_here
from tuner.cli.console import Command, err
from tuner.cli.dashboard import Dashboard
from tuner.cli.dry_run import DryRun
from tuner.cli.given import Way, asked
from tuner.cli.notify_option import Notify
from tuner.cli.slurm import Slurm
from tuner.cli.waiting import Wait
from tuner.core.data_options import DataOptions
from tuner.core.environment import prepare_environment
from tuner.core.sweep_options import read_sweep, what_is_tuned

app = typer.Typer()


@app.command(cls=Command)
def sweep(
    dataset: code.DatasetOrCode = None,
    model: code.ModelOrNone = None,
    *,
    trials: opt.Trials = None,
    space: opt.Space = None,
    overrides: opt.Overrides = None,
    warm_start: start.WarmStart = None,
    enqueue: start.Enqueue = None,
    without_default: start.WithoutDefault = False,
    time_budget: opt.TimeBudget = None,
    objective: goals.Objectives = None,
    constrain: goals.Relations = None,
    constraint: goals.Constraints = None,
    epoch_budget: budget.EpochBudget = None,
    gpu_budget: budget.GpuBudget = None,
    target_score: budget.TargetScore = None,
    patience: budget.Patience = None,
    sampler: opt.Sampler = "tpe",
    scheduler: opt.Scheduler = "asha",
    fidelity: goals.Fidelity = "epochs",
    max_failure_rate: opt.MaxFailureRate = 0.9,
    confirm: confirming.Confirm = None,
    reshuffle: confirming.Reshuffle = False,
    test_by: confirming.TestBy = "winner",
    finalists: final.Finalists = None,
    folds: final.Folds = None,
    seeds: final.Seeds = None,
    refit: confirming.Refit = False,
    ensemble: final.Ensemble = None,
    script: code.Script = None,
    max_epochs: opt.MaxEpochs = None,
    seed: opt.Seed = 0,
    limit: opt.Limit = None,
    target: opt.Target = None,
    task: opt.Task = None,
    text: data.Text = None,
    test: data.Test = None,
    group: data.Group = None,
    time: data.Time = None,
    known_as: opt.KnownAs = None,
    weights: opt.Weights = None,
    trial_timeout: opt.TrialTimeout = None,
    max_failures: opt.MaxFailures = 2,
    oom: opt.OutOfMemory = "fail",
    concurrency: opt.Concurrency = None,
    cpus_per_trial: opt.Cpus = None,
    gpus_per_trial: opt.Gpus = None,
    address: opt.Address = None,
    attach: opt.Attach = False,
    slurm: Slurm = None,
    workers_per_node: opt.WorkersPerNode = None,
    storage: opt.Storage = None,
    name: opt.SweepName = None,
    detach: opt.Detach = False,
    notify: Notify = None,
    dashboard: Dashboard = False,
    wait: Wait = False,
    dry_run: DryRun = False,
    as_json: opt.AsJson = False,
) -> None:
    """Search for the best hyperparameters of MODEL on DATASET, test the best trial and register its model.

    Several models are compared in one search. Or tune your own training code: a file with a function train(trial), or
    any program by --script.

    Examples:  tuner sweep digits cnn   |   tuner sweep cifar10 resnet,cnn --trials 50 --time-budget 2h
    """
    given = locals()
    prepare_environment()
    request = read_sweep(asked(given, "dataset", "model", "script") | what_is_tuned(dataset, model, script))
    raise typer.Exit(begin(request, Way.of(given)))


@app.command(cls=Command)
def train(
    dataset: opt.Dataset,
    model: opt.Model,
    *,
    overrides: opt.Overrides = None,
    from_best: opt.FromBest = None,
    from_trial: opt.FromTrial = None,
    max_epochs: opt.MaxEpochs = None,
    seed: opt.Seed = 0,
    limit: opt.Limit = None,
    target: opt.Target = None,
    task: opt.Task = None,
    text: data.Text = None,
    test: data.Test = None,
    group: data.Group = None,
    time: data.Time = None,
    known_as: opt.KnownAs = None,
    weights: opt.Weights = None,
    cpus_per_trial: opt.Cpus = None,
    gpus_per_trial: opt.Gpus = None,
    name: opt.SweepName = None,
    detach: opt.Detach = False,
    dashboard: Dashboard = False,
    wait: Wait = False,
    as_json: opt.AsJson = False,
) -> None:
    """Train MODEL on DATASET once, without a search, test it and register it: a sweep of one trial.

    Parameters that are not given are those in the middle of the pair's search space.

    Examples:  tuner train mnist lenet --set lr=0.01   |   tuner train mnist lenet --from-best mnist-lenet-1 --epochs 50
    """
    prepare_environment()
    from tuner.cli import printer  # noqa: PLC0415
    from tuner.core.sweep_request import SweepRequest  # noqa: PLC0415
    from tuner.sweeps import preparation  # noqa: PLC0415 - imports torch

    request = SweepRequest(
        dataset=dataset,
        model=model,
        max_epochs=max_epochs,
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
        seed=seed,
        name=name,
        limit=limit,
        target=target,
        task=task,
        options=DataOptions(text=text, test=test, group=group, time=time),
        known_as=known_as,
        weights=weights,
        overrides=overrides or (),
    )
    notes = printer.notes_of(err)
    single = preparation.training_request(request, from_best=from_best, from_trial=from_trial, callbacks=[notes])
    raise typer.Exit(begin_here(single, Way(detach=detach, dashboard=dashboard, wait=wait, as_json=as_json)))
