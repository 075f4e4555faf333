"""What `tuner show` says of a dataset, or of a pair."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch

from tuner.core import catalog
from tuner.core.files import make_folder
from tuner.data.source import Source
from tuner.data.spec import Splits
from tuner.search.space_file import parse_space
from tuner.sweeps.plan import check_names, check_space, read_space
from tuner.training.classifier import build_classifier, model_parameters, parameter_count

SPLITS = ("train", "validation", "test")


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
