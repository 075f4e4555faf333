"""Schedulers: which trials continue, and after which epochs that is decided. A new one is a file here.

Begin with base.py, which says what a scheduler is; `make_scheduler` chooses that of a sweep.
"""

from collections.abc import Callable, Sequence

from tuner.core.config import SweepConfig
from tuner.core.earlier import first_of_length
from tuner.core.records import TrialRecord
from tuner.core.search_options import ASHA_RUNGS
from tuner.search.schedulers.asha import AshaScheduler
from tuner.search.schedulers.asha_stop import StoppingAsha
from tuner.search.schedulers.base import Scheduler
from tuner.search.schedulers.default_in_full import DefaultInFull
from tuner.search.schedulers.hyperband import Hyperband
from tuner.search.schedulers.median import MedianStopping
from tuner.search.schedulers.pasha import Pasha
from tuner.search.schedulers.pbt import PopulationBased
from tuner.search.schedulers.whole import WholeTrials


def make_scheduler(config: SweepConfig) -> Scheduler:
    """The scheduler of a sweep."""
    found = scheduler_called(config.scheduler, epochs=config.epochs, workers=config.concurrency, rungs=config.rungs)
    return DefaultInFull(found, config.defaults) if config.default else found


def account_of(config: SweepConfig, records: Sequence[TrialRecord]) -> str:
    """What the scheduler of a sweep decided for the search as a whole, in one line; empty for one that does not.

    Trials that were trained for another number of epochs, see `core.earlier`, were not compared at its rungs.
    """
    return make_scheduler(config).account(records[first_of_length(config) :])


def scheduler_called(name: str, *, epochs: int, workers: int, rungs: int = ASHA_RUNGS) -> Scheduler:
    """One of `SCHEDULERS`, for trials of at most so many `epochs`, so many side by side. `rungs` are those of asha."""
    made: dict[str, Callable[[], Scheduler]] = {
        "asha": lambda: AshaScheduler(epochs=epochs, workers=workers, most=rungs),
        "asha-stop": lambda: StoppingAsha(epochs=epochs),
        "hyperband": lambda: Hyperband(epochs=epochs),
        "pasha": lambda: Pasha(epochs=epochs, workers=workers),
        "pbt": lambda: PopulationBased(epochs=epochs),
        "median": lambda: MedianStopping(epochs=epochs),
        "none": WholeTrials,
    }
    return made[name]()
