"""The commands about data and models: show, report, compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tuner.cli import data_options as data
from tuner.cli.console import Command, err, out, print_json
from tuner.cli.options import AsJson, Dataset, MaxEpochs, Name, Sampler, Scheduler, Target, Task, Trials
from tuner.core.data_options import DataOptions
from tuner.core.environment import prepare_environment
from tuner.core.files import make_folder, pictures, tuner_home
from tuner.core.sweep_folder import known_sweep

if TYPE_CHECKING:
    from tuner.sweeps.compare import Comparison

app = typer.Typer()


@app.command(cls=Command)
def show(
    dataset: Dataset,
    model: Annotated[str | None, typer.Argument(metavar="MODEL", help="A name from `tuner list`.")] = None,
    *,
    target: Target = None,
    task: Task = None,
    text: data.Text = None,
    test: data.Test = None,
    group: data.Group = None,
    time: data.Time = None,
    scheduler: Scheduler = "asha",
    max_epochs: MaxEpochs = None,
    sampler: Sampler = "tpe",
    trials: Trials = None,
    as_json: AsJson = False,
) -> None:
    """Show a dataset: its shape, splits and classes or numbers; with MODEL also the search space and the model's size.

    Examples:  tuner show cifar10   |   tuner show cifar10 resnet --scheduler pasha --max-epochs 100
    """
    prepare_environment()
    from tuner.cli import model_tables  # noqa: PLC0415
    from tuner.data.source import Source  # noqa: PLC0415
    from tuner.sweeps.show import describe  # noqa: PLC0415

    options = DataOptions(text=text, test=test, group=group, time=time)
    source = Source.parse(dataset, target, task=task, options=options)
    with err.status("Reading the data"):
        shown = describe(
            source,
            model,
            pictures(),
            scheduler=scheduler,
            max_epochs=max_epochs,
            sampler=sampler,
            trials=trials,
        )
    if as_json:
        print_json(shown, out)
    else:
        model_tables.print_description(shown, out)


@app.command(cls=Command)
def report(name: Name, *, as_json: AsJson = False) -> None:
    """Make the report of a sweep, finished or not: a page for the browser, and its pictures.

    Prints the path of the page, in the sweep's folder; --json lists all files.
    """
    prepare_environment()
    raise typer.Exit(_report(name, as_json=as_json, out=out, err=err))


@app.command(cls=Command)
def compare(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATASET | PAIR | SWEEP SWEEP...]",
            help="Only models of this dataset; or the sweeps of one pair side by side: all, or those that are named.",
            show_default=False,
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare the best finished sweep of each pair: test scores, parameters, FLOPs, training time and size.

    The FLOPs are those of one forward pass of one sample, two for each multiply-add.

    With a PAIR, or the names of two of its sweeps or more, compare these: budgets, search spaces, scores, winners.

    Examples:  tuner compare   |   tuner compare cifar10 --json   |   tuner compare digits-cnn
    """
    prepare_environment()
    from tuner.sweeps.side_by_side import sweeps_meant  # noqa: PLC0415

    home = tuner_home()
    if names := sweeps_meant(what or [], home):
        from tuner.cli.side_by_side import show_side_by_side  # noqa: PLC0415

        raise typer.Exit(show_side_by_side(names, home, as_json=as_json, out=out, err=err))
    raise typer.Exit(_compare(what[0] if what else None, as_json=as_json, out=out, err=err))


def _report(name: str, *, as_json: bool, out: Console, err: Console) -> int:
    """Makes a sweep's report, finished or not. Returns the exit status: 1 when a part of it could not be made."""
    from tuner.sweeps.publication import publish  # noqa: PLC0415 - imports matplotlib and plotly
    from tuner.tracking.store import Store  # noqa: PLC0415

    home = tuner_home()
    known_sweep(name, home)
    with err.status("Making the report"):
        made = publish(home / name, Store.of(home), lambda text: err.print(f"warning: {text}", markup=False))
    if as_json:
        print_json(made.to_json(), out)
    else:
        out.print(str(made.page), markup=False)  # parts with nothing to show are named on the page, and by --json
    return 1 if made.failed else 0


def _compare(dataset: str | None, *, as_json: bool, out: Console, err: Console) -> int:
    """Prints the comparison and draws it. Returns the exit status."""
    from tuner.cli.model_tables import print_comparison  # noqa: PLC0415
    from tuner.sweeps.compare import compare  # noqa: PLC0415
    from tuner.tracking.store import Store  # noqa: PLC0415

    home = tuner_home()
    with err.status("Reading the sweeps"):
        found = compare(Store.of(home), home, dataset)
        picture = _draw(found, f"compare-{found.rows[0].sweep.data}.png" if dataset else "compare.png")
    if as_json:
        rows = [row.to_json() for row in found.rows]
        print_json({"pairs": rows, "notes": found.notes, "picture": str(picture)}, out)
    else:
        print_comparison(found, picture, out)
    return 0


def _draw(comparison: Comparison, name: str) -> Path:
    from tuner.report.figures import save  # noqa: PLC0415 - matplotlib takes a while
    from tuner.report.figures_compare import draw_comparison  # noqa: PLC0415

    picture = make_folder(pictures()) / name
    save(draw_comparison([row.sweep for row in comparison.rows]), picture)
    return picture
