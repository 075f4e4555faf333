"""What `tuner show` says of a dataset, or of a pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.core import catalog, own_code, package
from tuner.core.errors import TunerError
from tuner.core.files import digest, file_state, make_folder
from tuner.core.search_options import SAMPLERS, SCHEDULERS
from tuner.core.several_models import is_several
from tuner.core.sweep_request import SweepRequest
from tuner.data.source import Source
from tuner.sweeps.show_cache import cached, this_machine

if TYPE_CHECKING:
    from tuner.data.spec import Splits


SPLITS = ("train", "validation", "test")


def describe(
    source: Source,
    model: str | None,
    pictures: Path,
    *,
    scheduler: str = SCHEDULERS[0],
    max_epochs: int | None = None,
    sampler: str = SAMPLERS[0],
    trials: int | None = None,
) -> dict[str, Any]:
    """The data, and the model and its search space, in names and numbers. Draws the class distribution.

    Args:
        source: of the data.
        model: its name, or None for the data alone.
        pictures: the folder of the picture.
        scheduler: whose rungs are shown.
        max_epochs: of a trial; by default those of the search space.
        sampler: of a sweep; `auto` is replaced by the one that it chooses.
        trials: of a sweep.

    Raises:
        TunerError: a name is unknown, the data is missing, or the two do not fit.
    """
    request = SweepRequest(
        dataset=source.dataset,
        model=model or "",
        scheduler=scheduler,
        max_epochs=max_epochs,
        sampler=sampler,
        trials=trials,
    )
    request.check()
    given = (scheduler != SCHEDULERS[0], max_epochs is not None, sampler != SAMPLERS[0], trials is not None)
    if model is None and any(given):
        raise TunerError(
            "--scheduler, --max-epochs, --sampler and --trials are about the trials of a model: give a MODEL, too"
        )
    if model is not None:
        if is_several(model):
            raise TunerError(
                f"tuner show takes one MODEL, or none for the list of those that suit the data, not {model}"
            )
        model = catalog.resolve("models", model)
        catalog.check("models", model)
    load = cache(source.load)
    known = cache(lambda: cached(source, lambda: _data(source, load())))
    pair = {} if model is None else _pair(source, model, load, lambda: known()["spec"], request)
    if pair:
        pair["space"] |= _trials(scheduler, max_epochs or pair["space"]["epochs"])
    data = {name: value for name, value in known().items() if name != "spec"}
    found = {"dataset": data | {"picture": str(_picture(data, pictures))}} | pair
    if pair:
        return found
    return found | cached(source, lambda: {"models": _short_list(known())}, "models", this_machine())


def _short_list(known: dict[str, Any]) -> list[dict[str, Any]]:
    """The models of the catalog for the data, those that a sweep without MODEL takes first."""
    from tuner.data.spec import DataSpec  # noqa: PLC0415
    from tuner.sweeps.short_list import short_list  # noqa: PLC0415 - imports torch

    spec = DataSpec.from_json(known["spec"])
    return [each.to_json() for each in short_list(known["name"], spec, known["samples"]["train"])]


def _pair(
    source: Source, model: str, load: Callable[[], Splits], spec: Callable[[], dict[str, Any]], request: SweepRequest
) -> dict[str, Any]:
    """The model and its search space; `spec` gives the JSON of the data's specification, `load` the data itself."""
    from tuner.data.spec import DataSpec  # noqa: PLC0415
    from tuner.search.space_file import parse_space  # noqa: PLC0415
    from tuner.search.space_relations import check_possible  # noqa: PLC0415
    from tuner.search.start_points import default_point  # noqa: PLC0415
    from tuner.sweeps.auto_sampler import with_sampler  # noqa: PLC0415
    from tuner.sweeps.space_request import check_names, check_space, read_space  # noqa: PLC0415
    from tuner.training.classifier import (  # noqa: PLC0415 - imports torch
        build_classifier,
        model_parameters,
        parameter_count,
        training_defaults,
    )
    from tuner.training.model_check import check_own_model  # noqa: PLC0415

    raw, name = read_space(source, model, None, load)
    space = parse_space(raw, name, narrowed=True)
    check_possible(space, name)
    check_names(space, model, name)
    data = DataSpec.from_json(spec())
    check_space(space, model, data, name)
    if own_code.is_own(model):
        check_own_model(data, load().train, model)
    chosen, auto = with_sampler(request, space)
    return {
        "model": {
            "name": own_code.title(model),
            "summary": catalog.summary("models", model),
            "parameters": parameter_count(build_classifier(data, model, {})),
            "arguments": model_parameters(model),
        },
        "space": {
            "file": name,
            "epochs": space.epochs,
            "parameters": [{"name": p.name, "values": str(p)} for p in space.parameters],
            "training": {
                n: v for n, v in training_defaults(data).items() if n not in {p.name for p in space.parameters}
            },
            "constrain": [str(each) for each in space.relations],
            "start": space.start or (default_point(raw, space),),
            "sampler": chosen.sampler,
            "auto": auto,
        },
    }


def _trials(scheduler: str, epochs: int) -> dict[str, Any]:
    """How long a trial trains at most, and after which epochs it is compared with others."""
    from tuner.search.schedulers import scheduler_called  # noqa: PLC0415

    rungs = scheduler_called(scheduler, epochs=epochs, workers=1).rungs()
    return {"epochs": epochs, "scheduler": scheduler, "rungs": rungs}


def _data(source: Source, splits: Splits) -> dict[str, Any]:
    import torch  # noqa: PLC0415 - takes a while

    from tuner.data.number_distribution import distribution  # noqa: PLC0415
    from tuner.training.classifier import model_note  # noqa: PLC0415 - imports torch

    spec = splits.spec
    told = filter(None, (model_note(spec, model) for model in catalog.names("models")))
    parts = {name: getattr(splits, name).targets for name in SPLITS}
    counts = {
        name: torch.bincount(each, minlength=len(spec.classes)).tolist() if spec.number is None else []
        for name, each in parts.items()
    }
    return {
        "spec": asdict(spec),
        "name": spec.name,
        "summary": _summary(source.dataset),
        "task": spec.task,
        "shape": spec.shape,
        "classes": spec.classes,
        "augment": spec.augment,
        "columns": [column.name for column in spec.columns],
        "vocabulary": len(spec.vocabulary),
        "samples": {name: len(each) for name, each in parts.items()},
        "class_counts": counts,
        "target": spec.target,
        "predicts": spec.kind.task,
        "distribution": {} if spec.number is None else {name: distribution(each) for name, each in parts.items()},
        "division": splits.record.to_json() if splits.record else None,
        "notes": (*splits.notes, *(splits.record.lines() if splits.record else ()), *told),
    }


def _summary(dataset: str) -> str:
    """The first line of a dataset's docstring; for a user's own data that of its format, with the path."""
    form, colon, path = dataset.partition(":")
    own = colon and form in catalog.formats()
    return f"{catalog.format_summary(form)} {path}" if own else catalog.summary("datasets", dataset)


def _picture(data: dict[str, Any], pictures: Path) -> Path:
    """Draws the distribution of the target, unless the file is there as it was drawn from the same counts."""
    picture = make_folder(pictures) / f"{data['name']}-{'numbers' if data['distribution'] else 'classes'}.png"
    note = picture.with_name(f".{picture.stem}.drawn")
    if not (picture.exists() and note.exists() and note.read_text(errors="replace") == _drawn(data, picture)):
        from tuner.report.figures_classes import draw_classes  # noqa: PLC0415 - matplotlib takes a while
        from tuner.report.figures_numbers import draw_numbers  # noqa: PLC0415

        if data["distribution"]:
            draw_numbers(data["name"], data["target"], data["distribution"], picture)
        else:
            draw_classes(data["name"], data["classes"], data["class_counts"], picture)
        note.write_text(_drawn(data, picture))
    return picture


def _drawn(data: dict[str, Any], picture: Path) -> str:
    """Stands for the picture's file and what it shows."""
    return digest(package.digest(), data["classes"], data["class_counts"], data["distribution"], file_state(picture))
