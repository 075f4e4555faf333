"""A training as a course of epochs, which it asks for one by one, so that it is open who trains them."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TypeVar

from tuner.training.loop import Epoch, Trained

T = TypeVar("T")
Course = Generator[Epoch, Trained, T]
"""Asks for its epochs, is sent what comes of their steps, and returns what it comes to."""


def train_alone(course: Course[T]) -> T:
    """Trains the epochs that a course asks for, one after the other. Returns what it comes to."""
    step = partial(next, course)
    while True:
        try:
            epoch = step()
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            step = partial(course.send, epoch.train_alone())
        except BaseException as error:
            step = partial(course.throw, error)
        del epoch  # which holds the model
