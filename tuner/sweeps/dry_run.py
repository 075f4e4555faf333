"""`tuner sweep --dry-run`: what a sweep would do, and about what it would cost; nothing is trained or written.

The time of an epoch is measured on a few made-up samples with the default configuration, as in `training.step_cost`.
Other points of the search space are slower or faster, so it is a rough number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuner.core import own_code, several_models
from tuner.core.callback import Callback, Callbacks
from tuner.core.config import SweepConfig
from tuner.core.files import tuner_home
from tuner.core.machine import gpu_count
from tuner.core.sweep_request import SweepRequest
from tuner.core.units import counted, format_seconds
from tuner.data.spec import Splits
from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.base import expected_epochs
from tuner.search.space_file import space_of
from tuner.search.start_points import default_point
from tuner.sweeps.announcement import announcement, start_lines
from tuner.sweeps.preparation import plan_sweep
from tuner.sweeps.program_preparation import plan_program


@dataclass(frozen=True, kw_only=True)
class ModelCost:
    """What an epoch of one model takes here."""

    model: str
    epoch_seconds: float
    once: bool
    """Whether its features are computed once for all epochs: then an epoch costs next to nothing afterwards."""


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """A sweep that was not started."""

    config: SweepConfig
    epochs: int
    """That all trials together are expected to train."""
    costs: tuple[ModelCost, ...]
    """Empty where nothing can be measured here."""

    @property
    def seconds(self) -> float | None:
        """Until the end of the search, as estimated; None when nothing was measured and there is no time budget."""
        found = []
        if self.costs:
            per_epoch = sum(each.epoch_seconds for each in self.costs if not each.once) / len(self.costs)
            once = sum(each.epoch_seconds for each in self.costs if each.once) / len(self.costs)
            found.append((self.epochs * per_epoch + self.config.trials * once) / self.config.concurrency)
        if self.config.time_budget is not None:
            found.append(self.config.time_budget)
        return min(found, default=None)

    def lines(self) -> list[str]:
        """For people."""
        config = self.config
        lines = [announcement(config), *start_lines(config), "it draws from:"]
        lines += [f"  {each.name}: {each}" for each in space_of(config).parameters]
        each = f"{counted(config.cpus_per_trial, 'CPU core')}{self._gpus()}"
        lines.append(f"it trains about {counted(self.epochs, 'epoch')} in all, each trial on {each}")
        lines += [self._cost(cost) for cost in self.costs]
        if self.seconds is None:
            lines.append("how long that takes is known after the first epochs")
        else:
            lines.append(f"the search takes about {format_seconds(self.seconds)} (roughly: other points differ)")
        more = [*(["the trainings that confirm the winner"] if config.confirm else [])]
        more += ["the training on all samples"] if config.refit else []
        lines += [f"then come {' and '.join(more)}"] if more else []
        return [*lines, "nothing was started"]

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        config = self.config
        return {
            "sweep": config.name,
            "trials": config.trials,
            "max_epochs": config.epochs,
            "concurrency": config.concurrency,
            "cpus_per_trial": config.cpus_per_trial,
            "gpus_per_trial": config.gpus_per_trial,
            "time_budget": config.time_budget,
            "epochs_expected": self.epochs,
            "epoch_seconds": {each.model: each.epoch_seconds for each in self.costs},
            "seconds": self.seconds,
            "lines": self.lines(),
        }

    def _gpus(self) -> str:
        return f" and {self.config.gpus_per_trial:g} GPU" if self.config.gpus_per_trial else ""

    def _cost(self, cost: ModelCost) -> str:
        took = f"about {format_seconds(cost.epoch_seconds)}" if cost.epoch_seconds >= 1 else "less than 1 s"
        return f"  {cost.model}: {took} {'for its features, once' if cost.once else 'an epoch'} here, by the default"


def dry_run(request: SweepRequest, *, callbacks: Sequence[Callback] = (), home: Path | None = None) -> DryRun:
    """What the sweep would do and cost. Raises TunerError as the sweep itself would."""
    request.check()
    events, home = Callbacks(callbacks), home or tuner_home()
    if request.program is not None:
        config, _, _ = plan_program(request, request.program, home, events)
        return DryRun(config=config, epochs=_epochs(config), costs=())
    config, inputs, _ = plan_sweep(request, home, events)
    for note in inputs.notes:
        events.on_note(note, warning=False)
    with events.phase("Measuring a step"):
        return DryRun(config=config, epochs=_epochs(config), costs=_costs(config, inputs.splits))


def _epochs(config: SweepConfig) -> int:
    expected = expected_epochs(make_scheduler(config), config.trials, config.epochs)
    return expected if config.epoch_budget is None else min(expected, config.epoch_budget)


def _costs(config: SweepConfig, splits: Splits) -> tuple[ModelCost, ...]:
    """Of each model; nothing where trials have GPUs, and this machine has none."""
    if config.gpus_per_trial and not gpu_count():
        return ()
    import torch  # noqa: PLC0415

    from tuner.training.device import best_device  # noqa: PLC0415
    from tuner.training.step_cost import measure_step  # noqa: PLC0415

    device = best_device() if config.gpus_per_trial else torch.device("cpu")
    space, samples = space_of(config), len(splits.train.targets)
    found = []
    for model in several_models.models_in(config.model):
        title = own_code.title(model)
        point = default_point(config.space, space, title if config.several else "")
        parameters = several_models.own_parameters(config.model, point)
        cost = measure_step(splits.spec, model, parameters, samples, config.cpus_per_trial, device)
        seconds = cost.epoch_seconds * config.passes_of(model)
        found.append(ModelCost(model=title, epoch_seconds=seconds, once=cost.once))
    return tuple(found)
