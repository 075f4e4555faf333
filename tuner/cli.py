"""The command line. Each command parses, calls one function and prints; heavy imports happen inside them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tuner import __version__, catalog
from tuner.cli_options import (
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
)
from tuner.cli_steer import app as steering
from tuner.environment import prepare
from tuner.errors import TunerError, shown

app = typer.Typer(
    name="tuner",
    help="Tune a PyTorch model on a dataset with one line, on a laptop or on a Ray cluster.",
    epilog="Begin with: tuner sweep digits cnn",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
    prepare()
    from tuner import commands  # noqa: PLC0415
    from tuner.address import cluster_address  # noqa: PLC0415
    from tuner.duration import parse_seconds  # noqa: PLC0415
    from tuner.plan import Request  # noqa: PLC0415

    request = Request(
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
        from tuner import remote  # noqa: PLC0415 - imports Ray

        raise typer.Exit(remote.sweep(request, cluster, attach=attach, as_json=as_json, out=out, err=err))
    raise typer.Exit(commands.sweep(request, background=detach, as_json=as_json, out=out, err=err))


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
    prepare()
    from tuner import commands  # noqa: PLC0415
    from tuner.plan import Request  # noqa: PLC0415

    request = Request(
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
        commands.train(
            request,
            from_best=from_best,
            from_trial=from_trial,
            background=detach,
            as_json=as_json,
            out=out,
            err=err,
        )
    )


@app.command("list")
def list_() -> None:
    """List the datasets, the models, and the pairs that have a search space."""
    for kind in ("datasets", "models"):
        out.print(f"[bold]{kind}[/bold]")
        for name in catalog.names(kind):
            out.print(f"  {name:<18}", catalog.summary(kind, name), markup=False)
        for name in catalog.formats() if kind == "datasets" else ():
            out.print(f"  {name + ':PATH':<18}", catalog.format_summary(name), markup=False)
        out.print()
    out.print("[bold]pairs with a search space[/bold] (any other that fits by its task gets a default one)")
    for pair in catalog.names("search_spaces"):
        out.print(f"  tuner sweep {pair.replace('-', ' ', 1)}")


@app.command()
def show(
    dataset: Dataset,
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="A name from `tuner list`.")] = None,
    *,
    target: Target = None,
    as_json: AsJson = False,
) -> None:
    """Show a dataset: its shape, splits and classes; and with MODEL the pair: the search space and the model's size."""
    prepare()
    from tuner import describe  # noqa: PLC0415
    from tuner.files import pictures  # noqa: PLC0415
    from tuner.source import Source  # noqa: PLC0415

    source = Source.parse(dataset, target)
    with err.status("Reading the data"):
        shown = describe.describe(source, model, pictures())
    if as_json:
        out.print_json(json.dumps(shown))
    else:
        describe.print_description(shown, out)


@app.command()
def predict(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A pair (its champion), models:/NAME@champion, or a sweep.", show_default=False
        ),
    ],
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Images, texts (one a line, - for stdin) or CSV.", show_default=False),
    ],
    *,
    explain: Annotated[bool, typer.Option(help="Draw where the model looks (Grad-CAM), for images.")] = False,
    folder: Annotated[Path, typer.Option("--out", help="Where --explain puts its pictures.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Predict the classes of images, lines of text or rows of a table.

    Examples:  tuner predict mnist-cnn five.png   |   tuner predict imdb-lstm reviews.txt --json
    """
    prepare()
    from tuner import commands  # noqa: PLC0415

    code = commands.predict(model, files, explain=explain, folder=folder, as_json=as_json, out=out, err=err)
    raise typer.Exit(code)


@app.command()
def report(name: Name, *, as_json: AsJson = False) -> None:
    """Draw a sweep, finished or not: pictures, and a page to open in a browser, in the sweep's folder."""
    prepare()
    from tuner import commands  # noqa: PLC0415

    raise typer.Exit(commands.report(name, as_json=as_json, out=out, err=err))


@app.command()
def compare(
    dataset: Annotated[
        str | None,
        typer.Argument(metavar="DATASET", help="Only models of this dataset; by default all.", show_default=False),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare the best finished sweep of each pair: test scores, parameters, FLOPs, training time and size.

    The FLOPs are those of one forward pass of one sample, two for each multiply-add.

    Examples:  tuner compare   |   tuner compare cifar10 --json
    """
    prepare()
    from tuner import compare as comparison  # noqa: PLC0415

    raise typer.Exit(comparison.run(dataset, as_json=as_json, out=out, err=err))


@app.command()
def doctor(*, address: Address = None, as_json: AsJson = False) -> None:
    """Look over what sweeps need: Python, torch, GPUs, disks, data, MLflow, a cluster; say how to mend what is wrong.

    The exit status is 0 when all is good.
    """
    prepare()
    from tuner import doctor as examination  # noqa: PLC0415

    raise typer.Exit(examination.run(address, as_json=as_json, out=out))


@app.command()
def ui(port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 5000) -> None:
    """Open MLflow's UI on the sweeps of this folder."""
    prepare()
    from tuner import commands  # noqa: PLC0415

    commands.ui(port, err)


app.add_typer(steering)


@app.callback(invoke_without_command=True)
def version(show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if show_version:
        out.print(__version__)
        raise typer.Exit


def main() -> None:
    """Runs the command line. What a user got wrong is one line and exit status 2; Ctrl-C is 130."""
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        code = _fail(error.format_message(), 2)
    except TunerError as error:
        code = _fail(str(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = _fail("interrupted", 130)
    except Exception as error:
        if os.environ.get("TUNER_DEBUG"):
            raise
        code = _fail(f"{type(error).__name__}: {error} (unexpected; TUNER_DEBUG=1 shows where)", 1)
    sys.exit(code)


def _fail(message: str, code: int) -> int:
    if message:  # empty when `tuner` alone has printed its help
        print(f"error: {shown(message)}", file=sys.stderr)  # noqa: T201
    return code
