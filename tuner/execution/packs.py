"""Runs tiny trials in this process, many at a time: an epoch of each in turn, those of one shape in the same steps.

Where an epoch takes milliseconds, starting a trial in a worker of Ray's costs more than training it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Self

import torch

from tuner.core.records import Value
from tuner.core.trial_report import TrialReport
from tuner.execution.signals import Stop
from tuner.search.controller import Controller
from tuner.search.schedulers.base import Decision
from tuner.training.course import Course
from tuner.training.job import Arrays, Job
from tuner.training.loop import Epoch, Trained
from tuner.training.memory import leave_out_what_is_there
from tuner.training.together import Together, shape_of
from tuner.training.trial import TrialJob, trial_course
from tuner.training.trial_data import TrialData

LOG = logging.getLogger(__name__)


class PackExecutor:
    """Trials join and leave after whole epochs, as the controller decides. See Executor."""

    shares_disk = True
    dashboard = ""

    def __init__(self, size: int, stop: Stop) -> None:
        """At most `size` trials run at a time."""
        self._size = size
        self._stop = stop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """There is nothing to end."""

    def run(self, controller: Controller, job: Job, arrays: Arrays, *, tick: Callable[[], None]) -> None:
        """See Executor. A signal that stops the sweep is heard after the epochs that are being trained."""
        assert isinstance(job, TrialJob)
        torch.set_num_threads(job.threads)
        job = replace(job, side_by_side=self._size)
        pack = Pack(controller, job, job.hold(arrays, torch.device("cpu")))
        leave_out_what_is_there()
        with self._stop.deferred():
            while not self._stop.asked and pack.fill(self._size):
                tick()
                for numbers in pack.groups():
                    pack.train(numbers)
                    tick()
                    if self._stop.asked:
                        break
            pack.save()


@dataclass
class _Member:
    course: Course[None]
    epoch: Epoch
    """The next one."""
    shape: Hashable | None
    """See `shape_of`."""


class Pack:
    """The trials that run."""

    def __init__(self, controller: Controller, job: TrialJob, data: TrialData) -> None:
        """`data` is what the job holds."""
        self._controller = controller
        self._job = job
        self._data = data
        self._members: dict[int, _Member] = {}
        self._fused: dict[Hashable, Together | None] = {}  # None where it cannot be

    def fill(self, size: int) -> bool:
        """Begins trials until there are as many, or no more. Returns whether any run."""
        while len(self._members) < size and (drawn := self._controller.next_trial()):
            self._begin(*drawn)
        return bool(self._members)

    def groups(self) -> list[list[int]]:
        """The numbers of the trials whose next epochs are trained together."""
        found: dict[Hashable, list[int]] = defaultdict(list)
        for number, member in self._members.items():
            alone = member.shape is None or member.epoch.training.halves_now
            found[("alone", number) if alone else ("shape", member.shape)].append(number)
        return list(found.values())

    def train(self, numbers: list[int]) -> None:
        """Trains the next epoch of these trials of one shape, and reports it."""
        members = [self._members[number] for number in numbers]
        together = self._train_together(members) if len(members) > 1 else None
        for place, number in enumerate(numbers):
            self._go_on(number, together[place] if together else None)

    def save(self) -> None:
        """Ends the trials that run: each saves what it has, to be resumed."""
        for number, member in list(self._members.items()):
            self._advance(number, partial(member.course.throw, SystemExit()))

    def _begin(self, number: int, parameters: dict[str, Value]) -> None:
        course = trial_course(self._job, number, parameters, self._data, partial(self._report, number))
        self._advance(number, partial(next, course), course)

    def _report(self, number: int, told: TrialReport) -> None:
        if self._controller.on_report(number, told) is Decision.STOP:
            raise SystemExit

    def _train_together(self, members: list[_Member]) -> list[Trained] | None:
        """None where each is to be trained alone: a network may do what cannot be stacked."""
        epochs, shape = [member.epoch for member in members], members[0].shape
        try:
            if shape not in self._fused:
                self._fused[shape] = Together(epochs[0])
            fused = self._fused[shape]
            return fused.train(epochs) if fused else None
        except Exception as error:
            LOG.info("trials of one shape are trained alone: %s: %s", type(error).__name__, error)
            self._fused[shape] = None
            return None

    def _go_on(self, number: int, trained: Trained | None) -> None:
        """Lets a trial count its epoch, and asks for the next one."""
        course, epoch = self._members[number].course, self._members[number].epoch
        try:
            step = partial(course.send, trained or epoch.train_alone())
        except Exception as error:
            step = partial(course.throw, error)
        self._advance(number, step)

    def _advance(self, number: int, step: Callable[[], Epoch], course: Course[None] | None = None) -> None:
        """Takes the next epoch that a trial asks for; without one it leaves the pack."""
        try:
            epoch = step()
        except (StopIteration, SystemExit):
            self._members.pop(number, None)
            return
        if course is not None:
            self._members[number] = _Member(course, epoch, shape_of(epoch))
        else:
            self._members[number].epoch = epoch
