"""Keeps standard output for the protocol: whatever a library prints goes to standard error instead."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

_OUT, _ERR = 1, 2


def serve_alone(make: Callable[[], Callable[[], None]]) -> None:
    """Runs the server that `make` makes, so that nothing but what it writes reaches standard output.

    While it serves, the package mcp keeps that descriptor for itself. Here are the times before and after.
    """
    wire = os.dup(_OUT)
    _divert()
    try:
        serve = make()
        sys.stdout.flush()
        os.dup2(wire, _OUT)
        serve()
    finally:
        _divert()  # what is still in buffers
        os.close(wire)


def _divert() -> None:
    try:
        os.dup2(_ERR, _OUT)
    except OSError:  # it is closed
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _OUT)
        os.close(nowhere)
