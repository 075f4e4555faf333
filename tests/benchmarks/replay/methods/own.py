"""The project's own search: its study, its scheduler and its controller."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.common import make_config
from support.made_up_search import begin, report_of

from replay.methods.base import Incumbent, Method, Search
from replay.surrogate import Curve
from replay.tables import Parameters
from tuner.core.config import SweepConfig
from tuner.search.controller import Controller
from tuner.search.schedulers.base import Decision
from tuner.search.start_points import START, default_point
from tuner.search.study import Study

MEMORY_DISK = Path("/dev/shm")  # where there is one, the study is written there


class Own:
    """See Method."""

    def __init__(self, controller: Controller, study: Study, config: SweepConfig) -> None:
        self.study = study
        self.config = config
        self._controller = controller

    def next_trial(self) -> tuple[int, Parameters] | None:
        """See Method."""
        return self._controller.next_trial()

    def on_epoch(self, number: int, epoch: int, curve: Curve) -> bool:
        """See Method."""
        report = report_of(epoch, curve.accuracy[epoch - 1], val_loss=curve.loss[epoch - 1])
        report = replace(report, kept_epoch=curve.kept[epoch - 1])
        return self._controller.on_report(number, report) is Decision.CONTINUE

    def best(self) -> Incumbent | None:
        """See Method."""
        found = self.study.best()
        return Incumbent(found.number, found.best_epoch) if found else None


@contextmanager
def tuner(search: Search, **options: str) -> Iterator[Own]:
    """A sweep as a user starts it, with other options if they are given: trial 0 is the default, trained in full."""
    raw = dict(search.raw_space)
    if search.default_first:
        raw.setdefault(START, [default_point(raw, search.space)])
    config = make_config(
        trials=search.most_trials,
        epochs=search.epochs,
        concurrency=search.workers,
        seed=search.seed,
        space={**raw, "epochs": search.epochs},
        default=search.default_first,
        **options,
    )
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None) as folder:
        controller, study = begin(config, Path(folder))
        assert not controller.halted
        yield Own(controller, study, config)


@contextmanager
def random_asha(search: Search) -> Iterator[Method]:
    """The same with random parameters."""
    with tuner(search, sampler="random") as method:
        yield method


@contextmanager
def asha_stop(search: Search) -> Iterator[Method]:
    """With the stopping variant of ASHA, under which no trial waits."""
    with tuner(search, scheduler="asha-stop") as method:
        yield method


@contextmanager
def pasha(search: Search) -> Iterator[Method]:
    """With the scheduler PASHA."""
    with tuner(search, scheduler="pasha") as method:
        yield method


@contextmanager
def tuner_with_prior(search: Search) -> Iterator[Method]:
    """With the values of one of the best recorded trainings as priors."""
    with tuner(_with_prior(search, search.good)) as method:
        yield method


@contextmanager
def tuner_with_wrong_prior(search: Search) -> Iterator[Method]:
    """With those of one of the worst."""
    with tuner(_with_prior(search, search.bad)) as method:
        yield method


@contextmanager
def tuner_with_start(search: Search) -> Iterator[Method]:
    """With the same good values as a start point alone."""
    with tuner(replace(search, raw_space={**search.raw_space, "start": [search.good]})) as method:
        yield method


def _with_prior(search: Search, values: Parameters) -> Search:
    """The search in a space with these values as priors, which a sweep tries first."""
    params: dict[str, Any] = {}
    for name, entry in search.raw_space["params"].items():
        params[name] = (
            [_prior(each, values, name) for each in entry] if isinstance(entry, list) else _prior(entry, values, name)
        )
    return replace(search, raw_space={**search.raw_space, "params": params, "start": [{}]})


def _prior(entry: Any, values: Parameters, name: str) -> Any:
    if not isinstance(entry, dict) or name not in values:
        return entry
    allowed = entry.get("when", {})
    if any(values.get(parent) not in (each if isinstance(each, list) else [each]) for parent, each in allowed.items()):
        return entry
    return {**entry, "prior": values[name]}
