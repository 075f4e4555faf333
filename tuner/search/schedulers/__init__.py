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
from tuner.search.schedulers.whole import WholeTrials


def make_scheduler(config: SweepConfig) -> Scheduler:
    """The scheduler of a sweep."""
    return DefaultInFull(_chosen(config)) if config.default else _chosen(config)


def _chosen(config: SweepConfig) -> Scheduler:
    """The one that was asked for."""
    match config.scheduler:
        case "asha":
            return AshaScheduler(epochs=config.epochs, workers=config.concurrency)
        case "asha-stop":
            return StoppingAsha(epochs=config.epochs)
        case "hyperband":
            return Hyperband(epochs=config.epochs)
        case "median":
            return MedianStopping(epochs=config.epochs)
        case _:
            return WholeTrials()
