"""Simulated workers, several at a time, that train by a formula."""

from __future__ import annotations

import random

from support.made_up_search import report_of
from tuner.search.controller import Controller
from tuner.search.schedulers.base import Decision


class Workers:
    """Workers that train by a formula: the score rises with the epoch towards one that the parameter decides.

    They keep checkpoints like trial.py: a killed driver's trial goes on from its last one, and reports that first. The
    driver may have been killed before it heard of that epoch.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.checkpoints: dict[int, int] = {}

    def run(self, controller: Controller, rng: random.Random, steps: int | None = None) -> None:
        """Until the controller is over, or is killed after so many reports."""
        busy: dict[int, tuple[int, float]] = {}  # by trial: the last epoch that it has reported, and its parameter
        while steps is None or steps > 0:
            while len(busy) < self.count and (drawn := controller.next_trial()):
                number, parameters = drawn
                assert number not in busy
                busy[number] = (max(0, self.checkpoints.get(number, 0) - 1), float(parameters["dropout"]))
            if not busy:
                assert controller.over
                return
            number = rng.choice(sorted(busy))
            epoch, dropout = busy[number]
            epoch += 1
            self.checkpoints[number] = max(epoch, self.checkpoints.get(number, 0))
            busy[number] = (epoch, dropout)
            if controller.on_report(number, report_of(epoch, (1 - dropout) * (1 - 0.5**epoch))) is Decision.STOP:
                del busy[number]
            steps = None if steps is None else steps - 1
        for number, (epoch, _) in busy.items():
            if rng.random() < 0.5:
                self.checkpoints[number] = max(epoch + 1, self.checkpoints.get(number, 0))
