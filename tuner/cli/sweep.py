"""The commands that begin to train: sweep, train."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from tuner.cli import budget_options as budget
from tuner.cli import confirm_options as confirming
from tuner.cli import data_options as data
from tuner.cli import finalist_options as final
from tuner.cli import objective_options as goals
from tuner.cli import options as opt
from tuner.cli import program_options as code
from tuner.cli import start_options as start
from tuner.cli.console import Command, err, out
from tuner.cli.dashboard import Dashboard, check_here
from tuner.cli.given import asked
from tuner.cli.hints import print_hints
from tuner.cli.notify_option import Notify
from tuner.cli.slurm import Slurm, check_alone, submit
from tuner.cli.waiting import Wait
from tuner.core.data_options import DataOptions
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError
from tuner.core.sweep_options import read_sweep, what_is_tuned

if TYPE_CHECKING:
    from tuner.core.callback import Callback
    from tuner.core.outcome import Outcome
    from tuner.core.sweep_request import SweepRequest


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
    as_json: opt.AsJson = False,
) -> None:
    """Search for the best hyperparameters of MODEL on DATASET, test the best trial and register its model.

    Several models are compared in one search. Or tune your own training code: a file with a function train(trial), or
    any program by --script.

    Examples:  tuner sweep digits cnn   |   tuner sweep cifar10 resnet,cnn --trials 50 --time-budget 2h
    """
    given = locals()
    prepare_environment()
    tuned = what_is_tuned(dataset, model, script)
    request = read_sweep(asked(given, "dataset", "model", "script") | tuned)
    if slurm is not None:
        check_alone(address, attach=attach, detach=detach, dashboard=dashboard, wait=wait)
        raise typer.Exit(submit(request, slurm, as_json=as_json, out=out, err=err))
    code = _sweep(request, address, attach=attach, detach=detach, dashboard=dashboard, wait=wait, as_json=as_json)
    raise typer.Exit(code)


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
    raise typer.Exit(_sweep_here(single, detach=detach, dashboard=dashboard, wait=wait, as_json=as_json))


def _sweep(
    request: SweepRequest,
    address: str | None,
    *,
    attach: bool,
    detach: bool,
    dashboard: bool,
    wait: bool,
    as_json: bool,
) -> int:
    """Runs the sweep here or on the cluster that is meant. Returns the exit status."""
    from tuner.execution.jobs.address import cluster_address  # noqa: PLC0415

    cluster = cluster_address(address)
    if attach and not cluster:
        raise TunerError("--attach follows a sweep on a cluster: add --address with the cluster's address")
    if cluster:
        check_here(cluster, dashboard=dashboard)
        from tuner.cli import remote  # noqa: PLC0415 - imports Ray

        return remote.sweep(request, cluster, attach=attach, as_json=as_json, out=out, err=err)
    return _sweep_here(request, detach=detach, dashboard=dashboard, wait=wait, as_json=as_json)


def _sweep_here(request: SweepRequest, *, detach: bool, dashboard: bool, wait: bool, as_json: bool) -> int:
    from tuner.cli import printer  # noqa: PLC0415
    from tuner.sweeps import api, preparation  # noqa: PLC0415 - imports torch

    if detach:
        config, _, _ = preparation.begin(request, callbacks=[printer.notes_of(err)])
        return run_in_background(config.name, dashboard=dashboard, as_json=as_json)

    def call(callback: Callback) -> Outcome:
        return api.sweep(request, callbacks=[callback], dashboard=dashboard)

    return printer.run(call, as_json=as_json, wait=wait, out=out, err=err)


def run_in_background(name: str, *, as_json: bool, dashboard: bool = False) -> int:
    """Runs what is left of a sweep in the background. Returns the exit status."""
    from tuner.core.files import tuner_home  # noqa: PLC0415
    from tuner.core.sweep_folder import SweepFolder  # noqa: PLC0415
    from tuner.sweeps import control  # noqa: PLC0415

    process = control.detach(name, dashboard=dashboard)
    err.print(f"{name} runs in the background (process {process}):")
    if dashboard:
        err.print(f"the dashboard's address will be in {SweepFolder(tuner_home() / name).output}", soft_wrap=True)
    print_hints(name, err)
    if as_json:
        out.print_json(json.dumps({"sweep": name, "folder": str(tuner_home() / name)}))
    return 0
