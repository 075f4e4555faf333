"""What `tuner show` says of a pair."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from tuner import catalog
from tuner.classifier import build_classifier, model_parameters, parameter_count
from tuner.data import Splits
from tuner.plan import check_names, check_space, load_data, read_space
from tuner.space import parse_space


def describe(dataset: str, model: str) -> dict[str, Any]:
    """The pair's data, model and search space, in names and numbers.

    Raises:
        TunerError: a name is unknown, the data is missing, or the two do not fit.
    """
    catalog.check("datasets", dataset)
    catalog.check("models", model)
    raw, source = read_space(dataset, model, None)
    space = parse_space(raw, source)
    check_names(space, model, source)
    splits = load_data(dataset, None)
    check_space(space, model, splits.spec, source)
    return {
        "dataset": _data(splits) | {"summary": catalog.summary("datasets", dataset)},
        "model": {
            "name": model,
            "summary": catalog.summary("models", model),
            "parameters": parameter_count(build_classifier(splits.spec, model, {})),
            "arguments": model_parameters(model),
        },
        "space": {
            "file": source,
            "epochs": space.epochs,
            "parameters": [{"name": p.name, "values": str(p)} for p in space.parameters],
        },
    }


def print_pair(pair: dict[str, Any], out: Console) -> None:
    """The same for a person."""
    data, model, space = pair["dataset"], pair["model"], pair["space"]
    sizes = data["samples"]
    out.print(f"[bold]{data['name']}[/bold]  {data['summary']}")
    out.print(f"  {data['task']}, {len(data['classes'])} classes, a sample is {' x '.join(map(str, data['shape']))}")
    out.print(f"  {sizes['train']} training, {sizes['validation']} validation, {sizes['test']} test samples")
    out.print(f"  augmentation: {', '.join(data['augment']) or 'none'}\n")
    out.print(f"[bold]{model['name']}[/bold]  {model['summary']}")
    out.print(f"  {model['parameters']:,} trained parameters with its defaults:")
    out.print("  " + ", ".join(f"{name}={value}" for name, value in model["arguments"].items()) + "\n", markup=False)
    out.print(f"[bold]{space['file']}[/bold]  at most {space['epochs']} epochs")
    for parameter in space["parameters"]:
        out.print(f"  {parameter['name']:<16}{parameter['values']}", markup=False)


def _data(splits: Splits) -> dict[str, Any]:
    spec = splits.spec
    return {
        "name": spec.name,
        "task": spec.task,
        "shape": spec.shape,
        "classes": spec.classes,
        "augment": spec.augment,
        "samples": {name: len(getattr(splits, name).targets) for name in ("train", "validation", "test")},
    }
