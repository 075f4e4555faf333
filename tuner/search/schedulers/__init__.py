"""Schedulers: which trials continue, and after which epochs that is decided. A new one is a file here.

Begin with base.py, which says what a scheduler is; `make_scheduler` chooses that of a sweep.
"""

from tuner.core.config import SweepConfig
from tuner.search.schedulers.asha import AshaScheduler
from tuner.search.schedulers.asha_stop import StoppingAsha
from tuner.search.schedulers.base import Scheduler
from tuner.search.schedulers.default_in_full import DefaultInFull
from tuner.search.schedulers.hyperband import Hyperband
from tuner.search.schedulers.median import MedianStopping
from tuner.search.schedulers.pasha import Pasha
from tuner.search.schedulers.whole import WholeTrials


def make_scheduler(config: SweepConfig) -> Scheduler:
    """The scheduler of a sweep."""
    found = scheduler_called(config.scheduler, epochs=config.epochs, workers=config.concurrency)
    return DefaultInFull(found) if config.default else found


def scheduler_called(name: str, *, epochs: int, workers: int) -> Scheduler:
    """One of `SCHEDULERS`, for trials of at most so many `epochs`, so many side by side."""
    match name:
        case "asha":
            return AshaScheduler(epochs=epochs, workers=workers)
        case "asha-stop":
            return StoppingAsha(epochs=epochs)
        case "hyperband":
            return Hyperband(epochs=epochs)
        case "pasha":
            return Pasha(epochs=epochs, workers=workers)
        case "median":
            return MedianStopping(epochs=epochs)
        case _:
            return WholeTrials()
