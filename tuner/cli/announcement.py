"""The first line that is printed of a sweep."""

from __future__ import annotations

from tuner.core.config import SweepConfig
from tuner.core.units import counted

BEGUN = r"(one trial|\d+ trials|the best trial) of "
"""A pattern for what follows `NAME: ` in it: `cli.remote` waits for that."""


def announcement(config: SweepConfig, *, confirms: bool = False) -> str:
    """What begins: the search, or once that is over what `confirms` its best trial."""
    name, what = f"[bold]{config.name}[/bold]", f"{config.model} on {config.dataset_name}"
    if confirms:
        return f"{name}: the best trial of {what}, again with other seeds"
    trials = "one trial" if config.trials == 1 else f"{config.trials} trials"
    size = counted(config.epochs, "epoch")
    if config.trials > 1:
        size = f"at most {size} each, {config.concurrency} at a time"
    return f"{name}: {trials} of {what}, {size}"
