"""The command predict: reads samples batch by batch, and prints the answers as they come."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tuner.cli.console import Command, err, out
from tuner.cli.options import AsJson
from tuner.cli.saved_model_argument import SavedModel
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError, printable
from tuner.core.files import make_folder, tuner_home

if TYPE_CHECKING:
    from torch import nn

    from tuner.cli.prediction_output import JsonOutput, NumberOutput, TableOutput
    from tuner.data.spec import DataSpec, NumberTarget
    from tuner.training.prediction import Prediction
    from tuner.training.sample_batches import Samples
    from tuner.training.samples import SampleReader
    from tuner.training.true_classes import Accuracy
    from tuner.training.true_numbers import Distance

    Explain = Callable[[Samples, list[Prediction]], list[Path]]

app = typer.Typer()
MOST_LEFT_OUT = 20  # lines on what was left out


@app.command(cls=Command)
def predict(
    model: SavedModel,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="Images, texts (one a line) or CSV; a folder, a pattern such as 'new/*.png', - for standard input.",
            show_default=False,
        ),
    ] = None,
    *,
    texts: Annotated[
        list[str] | None, typer.Option("--text", metavar="TEXT", help="A text to predict, for texts. Repeatable.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Draw where the model looks (Grad-CAM), for images.")
    ] = False,
    folder: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where --explain puts its pictures.")] = Path(
        "explained"
    ),
    as_json: AsJson = False,
) -> None:
    """Predict the classes of images, lines of text or rows of a table; or the number of a row.

    Where folders of classes or the table give the true classes, the accuracy is shown; of numbers RMSE, MAE and R2.

    What is far from the training data is told on stderr. The exit status is 1 when something was left out.

    Examples:  tuner predict mnist-cnn five.png   |   tuner predict imdb-lstm --text "What a film!" --json
    """
    prepare_environment()
    code = _predict(model, files or [], texts or [], explain=explain, folder=folder, as_json=as_json, out=out, err=err)
    raise typer.Exit(code)


def _predict(
    name: str,
    files: list[str],
    texts: list[str],
    *,
    explain: bool,
    folder: Path,
    as_json: bool,
    out: Console,
    err: Console,
) -> int:
    """Prints the classes of the files' samples. Returns the exit status: 1 when something was left out."""
    from tuner.cli.prediction_output import JsonOutput, NumberOutput, TableOutput  # noqa: PLC0415 - torch takes seconds
    from tuner.sweeps.model_lookup import find_model  # noqa: PLC0415
    from tuner.training.open_model import open_model, own_code_run_by  # noqa: PLC0415
    from tuner.training.samples import SampleReader  # noqa: PLC0415

    with TemporaryDirectory() as scratch:
        place = find_model(name, tuner_home(), Path(scratch), partial(_warn, err))
        own = own_code_run_by(place)
        if own:
            err.print(f"note: {name} runs code of its own: {own}", markup=False, soft_wrap=True)
        model, data = open_model(place)
    draw = _explainer(model, data, folder) if explain else None
    reader = SampleReader(data, files, texts)
    lists = JsonOutput(out) if as_json else None
    scored: Accuracy | Distance
    if data.number is not None:
        scored = _print_numbers(model, data.number, reader, lists or NumberOutput(out))
    else:
        scored = _print_classes(model, data, reader, lists or TableOutput(out), draw, err)
    if scored.known:
        (err if as_json else out).print(str(scored), markup=False, soft_wrap=True)
    _print_remarks(reader.notes(), reader.broken, err)
    return 1 if reader.broken else 0


def _print_classes(
    model: nn.Module,
    data: DataSpec,
    reader: SampleReader,
    output: JsonOutput | TableOutput,
    draw: Explain | None,
    err: Console,
) -> Accuracy:
    from tuner.training.prediction import predict  # noqa: PLC0415
    from tuner.training.true_classes import Accuracy  # noqa: PLC0415

    accuracy = Accuracy()
    for samples in reader:
        predictions = predict(model, data, samples)
        pictures = draw(samples, predictions) if draw else []  # before the answers, so that a refusal stands alone
        output.add(predictions)
        accuracy.add((each.best[0], each.truth) for each in predictions)
        for path in pictures:
            err.print(f"explained in {printable(str(path))}", markup=False, soft_wrap=True)
    output.end()
    return accuracy


def _print_numbers(
    model: nn.Module, target: NumberTarget, reader: SampleReader, output: JsonOutput | NumberOutput
) -> Distance:
    from tuner.training.prediction import predict_numbers  # noqa: PLC0415
    from tuner.training.true_numbers import Distance  # noqa: PLC0415

    distance = Distance()
    for samples in reader:
        predictions = predict_numbers(model, target, samples)
        output.add(predictions)
        distance.add((each.number, each.truth) for each in predictions)
    output.end()
    return distance


def _warn(err: Console, line: str) -> None:
    err.print(f"warning: {line}", markup=False, soft_wrap=True)


def _explainer(model: nn.Module, data: DataSpec, folder: Path) -> Explain:
    """What draws the explanations of a batch."""
    from tuner.report.explanation import explain  # noqa: PLC0415 - captum takes a while
    from tuner.training.classifier import Classifier  # noqa: PLC0415

    if data.task != "image":
        raise TunerError(f"--explain draws on images, and {data.name} is {data.task} data")
    if not isinstance(model, Classifier):
        raise TunerError("--explain looks into one network: name a model that is no ensemble and no exported file")
    return lambda samples, predictions: explain(model, data, samples.inputs, predictions, make_folder(folder))


def _print_remarks(notes: list[str], broken: list[str], err: Console) -> None:
    for note in notes:
        err.print(f"note: {printable(note)}", markup=False, soft_wrap=True)
    for reason in broken[:MOST_LEFT_OUT]:
        err.print(f"left out: {printable(reason)}", markup=False, soft_wrap=True)
    if len(broken) > MOST_LEFT_OUT:
        err.print(f"left out: {len(broken) - MOST_LEFT_OUT:,} more, {len(broken):,} in all", markup=False)
