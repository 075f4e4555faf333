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
    Dataset,
    Name,
    Target,
    err,
    out,
)
from tuner.cli_steer import app as steering
from tuner.cli_train import app as training
from tuner.disk import trouble
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
app.registered_commands += training.registered_commands  # before those below, as the help shows them


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
        blamed = trouble(error)
        code = _fail(blamed or f"{type(error).__name__}: {error} (unexpected; TUNER_DEBUG=1 shows where)", 1)
    sys.exit(code)


def _fail(message: str, code: int) -> int:
    if message:  # empty when `tuner` alone has printed its help
        print(f"error: {shown(message)}", file=sys.stderr)  # noqa: T201
    return code
