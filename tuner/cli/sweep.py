"""The commands that train: sweep, train, resume."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tuner.cli.manage import app
from tuner.cli.options import (
    Address,
    AsJson,
    Attach,
    Dataset,
    Detach,
    Model,
    Name,
    Target,
    Weights,
    err,
    out,
    sweep_place,
)
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError

app = typer.Typer()


@app.command()
def sweep(
    dataset: Dataset,
    model: Model,
    *,
    trials: Annotated[int, typer.Option(help="How many points of the search space to try.")] = 16,
    max_epochs: Annotated[int | None, typer.Option(help="The most epochs a trial trains.")] = None,
    time_budget: Annotated[str | None, typer.Option(help="End the search after so long: 90s, 30m, 2h.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Trials side by side; by default what fits.")] = None,
    cpus_per_trial: Annotated[int | None, typer.Option(help="CPU cores, and threads, of a trial.")] = None,
    gpus_per_trial: Annotated[
        float | None, typer.Option(help="With 0.25 four trials share a GPU; with 2 each trains over two of a node.")
    ] = None,
    workers_per_node: Annotated[
        int | None, typer.Option(help="The most processes that train on one node of a cluster.")
    ] = None,
    max_failures: Annotated[int, typer.Option(help="How often a trial goes on after its worker has died.")] = 2,
    max_failure_rate: Annotated[
        float, typer.Option(help="End the search when a larger share of its trials has failed.")
    ] = 0.9,
    trial_timeout: Annotated[
        str | None, typer.Option(help="Fail a trial that finishes no epoch for so long: 90s, 30m.")
    ] = None,
    oom: Annotated[
        str, typer.Option(help="A trial out of memory: fail, or halve-batch to train each batch in two halves.")
    ] = "fail",
    seed: Annotated[int, typer.Option(help="Of what is drawn, and of training.")] = 0,
    name: Annotated[str | None, typer.Option(help="The sweep's name, by default DATASET-MODEL-N.")] = None,
    limit: Annotated[int | None, typer.Option(help="Train and validate on so many samples only.")] = None,
    space: Annotated[Path | None, typer.Option(help="A search-space file in place of the pair's own.")] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a parameter: lr=0.01, optimizer=sgd,adam or dropout=0.1..0.5. Repeatable."),
    ] = None,
    target: Target = None,
    weights: Weights = None,
    storage: Annotated[str | None, typer.Option(help="A URI for the checkpoints: of clusters without MLflow.")] = None,
    address: Address = None,
    attach: Attach = False,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Search for the best hyperparameters of MODEL on DATASET, test the best trial and register its model.

    Examples:  tuner sweep digits cnn   |   tuner sweep cifar10 resnet --trials 50 --time-budget 2h
    """
    prepare_environment()
    from tuner.core.config import SweepRequest  # noqa: PLC0415
    from tuner.core.units import parse_seconds  # noqa: PLC0415
    from tuner.execution.jobs.address import cluster_address  # noqa: PLC0415
    from tuner.sweeps import api  # noqa: PLC0415

    request = SweepRequest(
        dataset=dataset,
        model=model,
        trials=trials,
        max_epochs=max_epochs,
        time_budget=None if time_budget is None else parse_seconds(time_budget, "--time-budget"),
        concurrency=concurrency,
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
        workers_per_node=workers_per_node,
        max_failures=max_failures,
        max_failure_rate=max_failure_rate,
        trial_timeout=None if trial_timeout is None else parse_seconds(trial_timeout, "--trial-timeout"),
        oom=oom,
        seed=seed,
        name=name,
        limit=limit,
        space=space,
        target=target,
        weights=weights,
        storage=storage,
        overrides=overrides or (),
    )
    cluster = cluster_address(address)
    if attach and not cluster:
        raise TunerError("--attach follows a sweep of a cluster: add --address of one")
    if cluster:
        from tuner.cli import remote  # noqa: PLC0415 - imports Ray

        raise typer.Exit(remote.sweep(request, cluster, attach=attach, as_json=as_json, out=out, err=err))
    raise typer.Exit(api.sweep(request, background=detach, as_json=as_json, out=out, err=err))


@app.command()
def train(
    dataset: Dataset,
    model: Model,
    *,
    epochs: Annotated[int | None, typer.Option(help="How many epochs, by default those of the search space.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter's value: lr=0.01 or optimizer=adam. Repeatable.")
    ] = None,
    from_best: Annotated[str | None, typer.Option(help="With the parameters of that sweep's best trial.")] = None,
    from_trial: Annotated[
        str | None, typer.Option(help="Repeat a trial as it was, with its seed: SWEEP/NUMBER, such as x/17.")
    ] = None,
    cpus: Annotated[int | None, typer.Option(help="CPU cores, and threads; by default all.")] = None,
    gpus: Annotated[float | None, typer.Option(help="0 to train on the CPU where there is a GPU.")] = None,
    seed: Annotated[int, typer.Option(help="Of training.")] = 0,
    name: Annotated[str | None, typer.Option(help="The run's name, by default DATASET-MODEL-N.")] = None,
    limit: Annotated[int | None, typer.Option(help="Train and validate on so many samples only.")] = None,
    target: Target = None,
    weights: Weights = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Train MODEL on DATASET once, without a search, test it and register it: a sweep of one trial.

    Parameters that are not given are those in the middle of the pair's search space.

    Examples:  tuner train mnist lenet --set lr=0.01   |   tuner train mnist lenet --from-best mnist-lenet-1 --epochs 50
    """
    prepare_environment()
    from tuner.core.config import SweepRequest  # noqa: PLC0415
    from tuner.sweeps import api  # noqa: PLC0415

    request = SweepRequest(
        dataset=dataset,
        model=model,
        max_epochs=epochs,
        cpus_per_trial=cpus,
        gpus_per_trial=gpus,
        seed=seed,
        name=name,
        limit=limit,
        target=target,
        weights=weights,
        overrides=overrides or (),
    )
    raise typer.Exit(
        api.train(
            request,
            from_best=from_best,
            from_trial=from_trial,
            background=detach,
            as_json=as_json,
            out=out,
            err=err,
        )
    )


@app.command()
def resume(
    name: Name, *, address: Address = None, attach: Attach = False, detach: Detach = False, as_json: AsJson = False
) -> None:
    """Go on with a sweep that was paused, or that Ctrl-C or a crash has ended, from where it was."""
    prepare_environment()
    place = sweep_place(name, address)
    if place:
        from tuner.cli import remote  # noqa: PLC0415 - imports Ray

        raise typer.Exit(remote.resume(name, place, attach=attach, as_json=as_json, out=out, err=err))
    from tuner.sweeps import api  # noqa: PLC0415

    raise typer.Exit(api.resume(name, background=detach, as_json=as_json, out=out, err=err))
