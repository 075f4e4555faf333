"""Schedulers: which trials continue, and after which epochs that is decided. A new one is a file here.

Begin with base.py, which says what a scheduler is; `make_scheduler` chooses that of a sweep.
"""

from tuner.core.config import SweepConfig
from tuner.search.schedulers.asha import AshaScheduler
from tuner.search.schedulers.base import Scheduler


def make_scheduler(config: SweepConfig) -> Scheduler:
    """The scheduler of a sweep."""
    return AshaScheduler(epochs=config.epochs, workers=config.concurrency)
