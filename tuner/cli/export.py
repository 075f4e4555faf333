"""The command export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tuner.cli.console import Command, err, out
from tuner.cli.options import AsJson
from tuner.core.environment import prepare_environment
from tuner.core.files import tuner_home
from tuner.core.units import counted, format_number

if TYPE_CHECKING:
    from tuner.core.export_report import Check, ExportReport

app = typer.Typer()
_LABELS = {"accuracy": "accuracy", "r2": "R2"}
_GAP = "    "


@app.command(cls=Command)
def export(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A pair such as digits-cnn (its champion), models:/NAME@champion, or a sweep.",
            show_default=False,
        ),
    ],
    *,
    to: Annotated[str, typer.Option("--to", metavar="onnx|torch", help="The kind of file.")] = "onnx",
    file: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The file. By default MODEL.onnx or MODEL.pt2.", show_default=False),
    ] = None,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="With 8-bit integers; refused where it costs more than a point of accuracy."),
    ] = False,
    benchmark: Annotated[bool, typer.Option("--benchmark", help="Measure the latency, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a model as one file: for onnxruntime (--to onnx), or for torch without this package (--to torch).

    The normalisation is part of it. It is checked against the model on the test set. tuner predict takes the file, too.

    Examples:  tuner export digits-cnn   |   tuner export digits-cnn --to torch --out model.pt2 --benchmark
    """
    prepare_environment()
    from tuner.sweeps.export import ExportRequest  # noqa: PLC0415 - imports torch
    from tuner.sweeps.export import export as write  # noqa: PLC0415

    request = ExportRequest(model=model, to=to, out=file, int8=int8, benchmark=benchmark)
    with err.status("Exporting the model"):
        report = write(request, tuner_home(), _warn)
    if report.unchecked:
        _warn(f"not checked on the test set: {report.unchecked}; made-up samples were compared")
    if as_json:
        out.print_json(json.dumps(report.to_json()))
    else:
        print_report(report, out)


def print_report(report: ExportReport, out: Console) -> None:
    """A line for each figure: of the model, and of the file."""
    rows: list[tuple[str, str, str]] = [("", report.model, Path(report.file).name)]
    if report.validation:
        rows.append(_scores(report.validation))
    if report.check.before is not None:
        rows.append(_scores(report.check))
    before, after = (format_number(each.bytes, "B") for each in (report.registered, report.exported))
    rows.append(("size", before, after))
    for batch, milliseconds in report.registered.latency_ms.items():
        exported = report.exported.latency_ms[batch]
        rows.append((f"latency, batch of {batch}", f"{milliseconds:.3g} ms", f"{exported:.3g} ms"))
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    for row in rows:
        line = _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        out.print(line.rstrip(), markup=False, soft_wrap=True)
    out.print(_answers(report.check), markup=False, soft_wrap=True)
    out.print(f"file  {report.file}", markup=False, soft_wrap=True)


def _scores(check: Check) -> tuple[str, str, str]:
    """The score of both with its standard error."""
    from tuner.core.score_text import decimals  # noqa: PLC0415

    digits = decimals(check.before_interval) + 1
    before, after = (
        f"{value:.{digits}f} ± {error:.{digits}f}"
        for value, error in ((check.before, check.before_error), (check.after, check.after_error))
    )
    return f"{check.split} {_LABELS[check.score]} ± standard error ({counted(check.samples, 'sample')})", before, after


def _answers(check: Check) -> str:
    from tuner.core.score_text import difference_text  # noqa: PLC0415

    samples = f"{counted(check.samples, 'made-up sample' if check.split == 'made-up' else f'{check.split} sample')}"
    probability = not check.numbers
    what = "of a probability" if probability else "of a number, in standard deviations of the target"
    line = f"answers for {samples}: the largest difference {what} is {check.largest:.2g}"
    if probability:
        line += f"; {check.changed} of {check.samples:,} say another class"
    if check.difference is not None and (check.changed or not probability):
        line += f"; the file is {difference_text(check.difference)}"
    return line


def _warn(line: str) -> None:
    err.print(f"warning: {line}", markup=False, soft_wrap=True)
