"""Trains against an MLflow server that fails, and counts what arrives: a function for each kind of failure.

The study, the controller, the tracker, the server and its client are the real ones; what trains is a formula. Pauses
are shorter than in real life. `make faults` and the tests share this.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.common import make_config
from support.made_up_search import Recorder, controller_of, study_of
from support.processes import wait_until

from faults.faulty_proxy import BROKEN, BUSY, CUT, DOWN, KINDS, LOST, SLOW, FaultyProxy, faulty_proxy
from faults.inventory import Inventory, inventory
from tuner.core.environment import prepare_environment
from tuner.core.trial_report import TrialReport
from tuner.search.schedulers.base import Decision
from tuner.tracking import background, retry
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.store import Store
from tuner.training.epoch_metrics import EpochMetrics

TRIALS, EPOCHS = 12, 9
TINY = ("digits", "cnn", "--max-epochs", "9", "--set", "width=0.25")
TURNS = "MLflow does not answer", "MLflow answers again"  # what the user is told of an outage
WAIT_S = 60.0  # for as many faults as are asked for
BEGIN, END = 8, 20  # reports between which the server fails


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What came of a training during which MLflow's server failed."""

    kind: str
    requests: int
    injected: int
    """Faults."""
    found: Inventory
    """What the study and MLflow have, and all that was lost, doubled, out of order or left behind."""
    said: tuple[str, ...]
    """Lines that the user saw."""
    unsent: str
    """Why something was left at the end."""


@dataclass
class Training:
    """A sweep that a test steers."""

    folder: Path
    proxy: FaultyProxy
    server: str
    seed: int

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        space = {"epochs": EPOCHS, "params": {"dropout": {"low": 0.0, "high": 0.9}}}
        self.config = make_config(name=self.folder.name, trials=TRIALS, epochs=EPOCHS, seed=self.seed, space=space)
        self.config.save(self.folder)
        self.recorder = Recorder()
        self.reports = 0
        self._random = random.Random(self.seed)
        study = study_of(self.config, self.folder)
        store = Store(uri=self.proxy.uri, artifacts=None)
        self.study = study
        self.tracker = BackgroundTracker(self._connect(store), study.record, ask=store.ask, note=self.recorder.on_note)
        self.tracker.start()
        self._controller = controller_of(self.config, study, self.folder, self.tracker)
        self._live: dict[int, int] = {}

    def _connect(self, store: Store) -> Callable[[Callable[[], None]], MlflowSweep]:
        return lambda heard: MlflowSweep(store, self.config, heard=heard)

    def train(self, until: float = float("inf")) -> None:
        """Reports epochs until so many were reported in all, or until the sweep is over."""
        while self.reports < until and not self._controller.over:
            while len(self._live) < self.config.concurrency and (drawn := self._controller.next_trial()):
                self._live[drawn[0]] = self.study.record(drawn[0]).epoch
            self._report(self._random.choice(sorted(self._live)))
            time.sleep(0.02)
        if self._controller.over:
            self._controller.finish()

    def _report(self, number: int) -> None:
        self._live[number] += 1
        self.reports += 1
        score = self._random.random()
        metrics = EpochMetrics(
            epoch=self._live[number],
            train_loss=1.5 - score,
            train_accuracy=score,
            val_loss=1 - score,
            val_accuracy=score,
            lr=0.1,
            epoch_seconds=0.01,
        )
        decision = self._controller.on_report(number, TrialReport(metrics=metrics.numbers()))
        if decision is Decision.STOP:
            del self._live[number]

    def fail(self, *kinds: str, share: float = 1.0, faults: int = 4) -> None:
        """The server fails from now on; returns when so many requests have suffered from it."""
        self.proxy.kinds, self.proxy.share = kinds, share
        wanted = self.proxy.injected.total() + faults

        def enough() -> bool:
            if self.proxy.injected.total() < wanted:
                self.train(self.reports + 1)
            return self.proxy.injected.total() >= wanted

        assert wait_until(enough, timeout=WAIT_S, poll=0.02), f"{self.proxy.injected} of {wanted} faults"

    def heal(self) -> None:
        """The server is well again."""
        self.proxy.kinds = ()

    def count(self, kind: str, unsent: str) -> Counts:
        """Compares what the study has with what the server has, which is asked directly."""
        found = inventory(self.folder.parent, self.folder.name, TRIALS, uri=self.server, registered=False)
        disordered = sum(map(_disorder, self.proxy.steps.values()))
        wrong = {"epochs came after later ones": disordered, "epochs are not in the study": self.reports - found.epochs}
        found.lost_epochs += self.reports - found.epochs
        found.wrong += [f"{count} {what}" for what, count in wrong.items() if count]
        found.wrong += [f"unsent: {unsent}"] if unsent else []
        return Counts(
            kind=kind,
            requests=self.proxy.requests,
            injected=self.proxy.injected.total(),
            found=found,
            said=tuple(self.recorder.notes),
            unsent=unsent,
        )


def down(folder: Path, server: str, seed: int = 0) -> Counts:
    """Connections are closed for the middle of the sweep."""
    return _middle(folder, server, seed, DOWN)


def slow(folder: Path, server: str, seed: int = 0, delay: float = 0.2) -> Counts:
    """Every answer takes `delay` seconds more."""
    return _middle(folder, server, seed, SLOW, delay=delay)


def slow_to_the_end(folder: Path, server: str, seed: int = 0, delay: float = 2.0) -> Counts:
    """Every answer takes `delay` more, up to the last; a trial needs several, and the end waits for two of them."""
    with training(folder, server, seed, close_s=2.0 * delay) as sweep:
        sweep.train(BEGIN)
        sweep.proxy.delay, sweep.proxy.kinds = delay, (SLOW,)
        sweep.train()
        return sweep.count("slow to the end", sweep.tracker.close("FINISHED"))


def broken(folder: Path, server: str, seed: int = 0) -> Counts:
    """Every answer is 500."""
    return _middle(folder, server, seed, BROKEN)


def busy(folder: Path, server: str, seed: int = 0) -> Counts:
    """Every answer is 429, with a Retry-After of a second."""
    return _middle(folder, server, seed, BUSY, faults=3)


def cut(folder: Path, server: str, seed: int = 0) -> Counts:
    """Every third request is done, and its answer lost, in part or as a whole, from the first request on."""
    return _all_along(folder, server, seed, CUT, LOST, share=0.34)


def mixed(folder: Path, server: str, seed: int = 0) -> Counts:
    """Every fourth request suffers a fault of any kind, from the first request on."""
    return _all_along(folder, server, seed, *KINDS, share=0.25)


def held(folder: Path, server: str, seed: int = 0) -> Counts:
    """No request is answered before the last epoch is reported: a report that waited for one would wait for ever."""
    with training(folder, server, seed) as sweep:
        sweep.train(BEGIN)
        sweep.proxy.open.clear()
        sweep.proxy.injected["held"] += 1
        sweep.train()
        sweep.proxy.open.set()
        return sweep.count("held", sweep.tracker.close("FINISHED"))


def gone(folder: Path, server: str, seed: int = 0) -> tuple[Counts, Counts]:
    """Down from the middle on, for good: what has arrived at the end, and once `tuner sync` has been typed."""
    with training(folder, server, seed, close_s=1.0) as sweep:
        sweep.train(BEGIN)
        sweep.fail(DOWN)
        sweep.train()
        before = sweep.count("gone", sweep.tracker.close("FINISHED"))
        sweep.heal()
        synced(sweep)
        return before, sweep.count("gone, then synced", "")


def synced(sweep: Training) -> str:
    """What `tuner sync` says of the sweep."""
    from tuner.sweeps.sync import sync_sweep

    store = Store(uri=sweep.proxy.uri, artifacts=None)
    return str(sync_sweep(sweep.folder, store, sweep.recorder.on_note))


@contextmanager
def training(folder: Path, server: str, seed: int, close_s: float = 60.0) -> Iterator[Training]:
    """A sweep behind a proxy, with short pauses; its end waits for an answer for so many seconds."""
    prepare_environment()  # as the command line does: MLflow's client would try again itself, for minutes
    before = background.FLUSH_S, retry.FIRST_S, retry.MOST_S, background.CLOSE_S
    background.FLUSH_S, retry.FIRST_S, retry.MOST_S, background.CLOSE_S = 0.02, 0.05, 0.4, close_s
    try:
        with faulty_proxy(server, seed) as proxy:
            yield Training(folder, proxy, server, seed)
    finally:
        background.FLUSH_S, retry.FIRST_S, retry.MOST_S, background.CLOSE_S = before


def _middle(folder: Path, server: str, seed: int, kind: str, *, faults: int = 4, delay: float = 0.2) -> Counts:
    with training(folder, server, seed) as sweep:
        sweep.proxy.delay = delay
        sweep.train(BEGIN)
        sweep.fail(kind, faults=faults)
        sweep.train(END)
        sweep.heal()
        sweep.train()
        return sweep.count(kind, sweep.tracker.close("FINISHED"))


def _all_along(folder: Path, server: str, seed: int, *kinds: str, share: float) -> Counts:
    with training(folder, server, seed) as sweep:
        sweep.proxy.kinds, sweep.proxy.share = kinds, share
        sweep.train()
        return sweep.count("+".join(kinds), sweep.tracker.close("FINISHED"))


def _disorder(steps: list[int]) -> int:
    """How many epochs came first after a later one had come."""
    firsts = list(dict.fromkeys(steps))
    return sum(later < max(firsts[:place], default=0) for place, later in enumerate(firsts))
