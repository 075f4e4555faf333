"""What `show` and `compare` print."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from tuner.core.errors import printable
from tuner.core.score_text import score_digits, score_text
from tuner.core.search_options import SAMPLERS, sampler_text
from tuner.core.shorten import first_names
from tuner.core.units import counted, format_number, format_parameters, format_seconds, number_text
from tuner.sweeps.compare import Comparison, Row
from tuner.sweeps.show import SPLITS

if TYPE_CHECKING:
    from tuner.core.finished_sweep import FinishedSweep


_COSTS = ("params", "FLOPs", "training", "size")


def print_comparison(comparison: Comparison, picture: Path, out: Console) -> None:
    """A table as wide as the console allows, the notes, and where the picture is."""
    rows = comparison.rows
    kinds = dict.fromkeys(row.sweep.scores.kind.task for row in rows)
    of_kinds = [[row for row in rows if row.sweep.scores.kind.task == kind] for kind in kinds]
    tables = [_table(each, with_sweep=True) for each in of_kinds]
    wide = out.options.update(width=1000)
    narrow = any(Measurement.get(out, wide, table).maximum > out.width for table in tables)
    for each in of_kinds:
        out.print(_table(each, with_sweep=not narrow))
    if narrow:
        sweeps = ", ".join(f"{row.sweep.name} ({counted(row.trials, 'trial')})" for row in rows)
        out.print(f"\nThe sweeps, in this order: {sweeps}", markup=False, soft_wrap=False)
    labels = dict.fromkeys(row.sweep.scores.kind.label for row in rows if row.sweep.scores.main_interval)
    if labels:
        out.print(f"\nIn brackets: the 95 % interval of the test {' and '.join(labels)}", markup=False)
    for note in comparison.notes:
        out.print(f"\n{note}", markup=False, soft_wrap=False)
    out.print(f"\npicture  {picture}", markup=False)


def _table(rows: Sequence[Row], *, with_sweep: bool) -> Table:
    """Of models of one task."""
    table = Table(box=None, pad_edge=False, padding=(0, 2 if with_sweep else 1, 0, 0))
    table.add_column("")
    scores = [label for name, label in rows[0].sweep.scores.kind.tested.items() if name != "loss"]
    for name in (*scores, *_COSTS, *(("trials",) if with_sweep else ())):
        table.add_column(name, justify="right", no_wrap=True)
    if with_sweep:
        table.add_column("sweep", no_wrap=True)
    for data, group in groupby(rows, key=lambda row: row.sweep.data):
        shown = list(group)
        table.add_row(Text(f"{data}{_tested(shown)}", style="bold"))
        for row in shown:
            more = (str(row.trials), Text(row.sweep.name)) if with_sweep else ()
            table.add_row(Text(f"  {row.sweep.model}"), *_cells(row.sweep), *more)
    return table


def _tested(rows: Sequence[Row]) -> str:
    """On how many samples the models of a dataset were tested, where that is known."""
    [samples, *others] = {row.sweep.scores.samples for row in rows}
    return "" if samples is None or others else f" ({counted(samples, 'test sample')})"


def _cells(sweep: FinishedSweep) -> list[str]:
    tested = sweep.scores
    first, *others = (name for name in tested.kind.tested if name != "loss")
    scores = [
        score_text(tested.value(first), tested.interval(first)),
        *(score_digits(tested.value(name), tested.interval(name)) for name in others),
    ]
    numbers = ["" if value is None else format_number(value) for value in (sweep.parameters, sweep.flops)]
    seconds = "" if sweep.train_seconds is None else format_seconds(sweep.train_seconds)
    return [*scores, *numbers, seconds, "" if sweep.bytes is None else format_number(sweep.bytes, "B")]


MOST_CLASSES = 40  # lines in the terminal; the picture and --json have them all
MOST_NOTES = 40
MOST_COLUMNS = 30  # names; where there are more, the first ones stand for them
FIRST_COLUMNS = 10
BAR = 24  # characters


def print_description(shown: dict[str, Any], out: Console) -> None:
    """The same for a person."""
    _print_data(shown["dataset"], out)
    if "model" in shown:
        _print_pair(shown["model"], shown["space"], out)
    else:
        _print_models(shown["models"], out)


def _print_models(models: Sequence[dict[str, Any]], out: Console) -> None:
    """Which models a sweep without MODEL takes, and why not the others."""
    for title, taken in (("models that suit it, which a sweep without MODEL takes", True), ("others", False)):
        rows = [each for each in models if each["taken"] is taken]
        if rows:
            out.print(f"[bold]{title}[/bold]")
        for each in rows:
            out.print(f"  {each['model']:<20}{each['text']}", markup=False, soft_wrap=True)


def _print_data(data: dict[str, Any], out: Console) -> None:
    sizes = data["samples"]
    out.print(f"[bold]{data['name']}[/bold]  ", end="")
    out.print(data["summary"], markup=False)
    words = f"at most {data['shape'][0]} words, from a vocabulary of {data['vocabulary']:,}"
    sample = words if data["task"] == "text" else " x ".join(map(str, data["shape"]))
    classes = f"{len(data['classes'])} classes"
    what = f"'{data['target']}' is a number to predict" if data["distribution"] else classes
    out.print(f"  {data['task']}, {escape(what)}, a sample is {sample}")
    out.print(f"  {sizes['train']} training, {sizes['validation']} validation, {sizes['test']} test samples")
    if data["task"] == "image":
        out.print(f"  augmentation: {', '.join(data['augment']) or 'none'}")
    if data["columns"]:
        out.print(f"  columns: {_some(data['columns'])}", markup=False)
    for note in data["notes"][:MOST_NOTES]:
        out.print(f"  {printable(note)}", markup=False)
    if len(data["notes"]) > MOST_NOTES:
        out.print(f"  ... and {len(data['notes']) - MOST_NOTES:,} more notes: --json has them all")
    out.print()
    (_print_numbers if data["distribution"] else _print_classes)(data, out)
    out.print(f"  picture  {data['picture']}\n", markup=False)


def _some(names: Sequence[str]) -> str:
    """The names, or the first ones and how many more there are."""
    return first_names(names, len(names) if len(names) <= MOST_COLUMNS else FIRST_COLUMNS)


def _print_numbers(data: dict[str, Any], out: Console) -> None:
    """A row for each split, with the mean and the spread of the target."""
    table = Table(box=None, padding=(0, 2), pad_edge=True)
    table.add_column(printable(data["target"]))
    for name in ("mean", "sd", "least", "25 %", "median", "75 %", "greatest"):
        table.add_column(name, justify="right")
    for split, found in data["distribution"].items():
        values = (found["mean"], found["std"], found["least"], *found["quartiles"], found["greatest"])
        table.add_row(split, *map(number_text, values))
    out.print(table)


def _print_classes(data: dict[str, Any], out: Console) -> None:
    table = Table(box=None, padding=(0, 2), pad_edge=True)
    table.add_column("class")
    for name in SPLITS:
        table.add_column(name, justify="right")
    table.add_column("")
    totals = [sum(counts) for counts in zip(*data["class_counts"].values(), strict=True)]
    for index, name in enumerate(data["classes"][:MOST_CLASSES]):
        counts = [str(data["class_counts"][split][index]) for split in SPLITS]
        table.add_row(Text(name), *counts, "█" * max(1, round(BAR * totals[index] / max(totals))))
    out.print(table)
    if len(totals) > MOST_CLASSES:
        out.print(f"  ... and {len(totals) - MOST_CLASSES} more classes: see the picture, or --json")


def _print_pair(model: dict[str, Any], space: dict[str, Any], out: Console) -> None:
    out.print(f"[bold]{model['name']}[/bold]  {model['summary']}")
    out.print(f"  {model['parameters']:,} trainable parameters with the default arguments:")
    out.print("  " + ", ".join(f"{name}={value}" for name, value in model["arguments"].items()), markup=False)
    out.print()
    *others, last = map(str, space["rungs"] or [""])
    rungs = " and ".join(filter(None, [", ".join(others), last]))
    compared = f", compared after {rungs} ({space['scheduler']})" if rungs else ""
    out.print(f"[bold]{space['file']}[/bold]  at most {counted(space['epochs'], 'epoch')}{compared}")
    if space["auto"] or space["sampler"] != SAMPLERS[0]:
        out.print(f"  {sampler_text(space['sampler'], space['auto'])}", markup=False, soft_wrap=True)
    for parameter in space["parameters"]:
        out.print(f"  {parameter['name']:<16}{parameter['values']}", markup=False)
    for relation in space["constrain"]:
        out.print(f"  with {relation}", markup=False, soft_wrap=True)
    fixed = format_parameters(space["training"])
    out.print(f"  not searched    {fixed} (--set searches them, too)", markup=False, soft_wrap=True)
    for number, point in enumerate(space["start"]):
        default = "" if number else "the default: "
        out.print(f"  trial {number} tries  {default}{format_parameters(point)}", markup=False)
