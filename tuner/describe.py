"""What `tuner show` says of a dataset, or of a pair."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tuner import catalog
from tuner.classifier import build_classifier, model_parameters, parameter_count
from tuner.data import Splits
from tuner.files import make_folder
from tuner.plan import check_names, check_space, read_space
from tuner.source import Source
from tuner.space_file import parse_space

SPLITS = ("train", "validation", "test")
MOST_CLASSES = 40  # lines in the terminal; the picture and --json have them all
BAR = 24  # characters


def describe(source: Source, model: str | None, pictures: Path) -> dict[str, Any]:
    """The data, and the model and its search space, in names and numbers. Draws the class distribution.

    Raises:
        TunerError: a name is unknown, the data is missing, or the two do not fit.
    """
    if model is not None:
        catalog.check("models", model)
    load = cache(source.load)
    pair = {} if model is None else _pair(source, model, load)
    return {"dataset": _data(source, load(), pictures)} | pair


def print_description(shown: dict[str, Any], out: Console) -> None:
    """The same for a person."""
    _print_data(shown["dataset"], out)
    if "model" in shown:
        _print_pair(shown["model"], shown["space"], out)


def _pair(source: Source, model: str, load: Any) -> dict[str, Any]:
    raw, name = read_space(source, model, None, load)
    space = parse_space(raw, name, narrowed=True)
    check_names(space, model, name)
    splits = load()
    check_space(space, model, splits.spec, name)
    return {
        "model": {
            "name": model,
            "summary": catalog.summary("models", model),
            "parameters": parameter_count(build_classifier(splits.spec, model, {})),
            "arguments": model_parameters(model),
        },
        "space": {
            "file": name,
            "epochs": space.epochs,
            "parameters": [{"name": p.name, "values": str(p)} for p in space.parameters],
        },
    }


def _data(source: Source, splits: Splits, pictures: Path) -> dict[str, Any]:
    from tuner.report.figures_classes import draw_classes  # noqa: PLC0415 - matplotlib takes a while

    spec = splits.spec
    form, colon, path = source.dataset.partition(":")
    counts = {
        name: torch.bincount(getattr(splits, name).targets, minlength=len(spec.classes)).tolist() for name in SPLITS
    }
    picture = make_folder(pictures) / f"{spec.name}-classes.png"
    draw_classes(spec.name, spec.classes, counts, picture)
    return {
        "name": spec.name,
        "summary": f"{catalog.format_summary(form)} {path}" if colon else catalog.summary("datasets", form),
        "task": spec.task,
        "shape": spec.shape,
        "classes": spec.classes,
        "augment": spec.augment,
        "columns": [column.name for column in spec.columns],
        "vocabulary": len(spec.vocabulary),
        "samples": {name: sum(counts[name]) for name in SPLITS},
        "class_counts": counts,
        "notes": splits.notes,
        "picture": str(picture),
    }


def _print_data(data: dict[str, Any], out: Console) -> None:
    sizes = data["samples"]
    out.print(f"[bold]{data['name']}[/bold]  ", end="")
    out.print(data["summary"], markup=False)
    words = f"at most {data['shape'][0]} words of {data['vocabulary']:,} known ones"
    sample = words if data["task"] == "text" else " x ".join(map(str, data["shape"]))
    out.print(f"  {data['task']}, {len(data['classes'])} classes, a sample is {sample}")
    out.print(f"  {sizes['train']} training, {sizes['validation']} validation, {sizes['test']} test samples")
    if data["task"] == "image":
        out.print(f"  augmentation: {', '.join(data['augment']) or 'none'}")
    if data["columns"]:
        out.print(f"  columns: {', '.join(data['columns'])}", markup=False)
    for note in data["notes"]:
        out.print(f"  {note}", markup=False)
    out.print()
    _print_classes(data, out)
    out.print(f"  picture  {data['picture']}\n", markup=False)


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
    out.print(f"  {model['parameters']:,} trained parameters with its defaults:")
    out.print("  " + ", ".join(f"{name}={value}" for name, value in model["arguments"].items()) + "\n", markup=False)
    out.print(f"[bold]{space['file']}[/bold]  at most {space['epochs']} epochs")
    for parameter in space["parameters"]:
        out.print(f"  {parameter['name']:<16}{parameter['values']}", markup=False)
