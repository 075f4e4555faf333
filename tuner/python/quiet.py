"""Imports in a user's process that would warn in it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_imports() -> Iterator[None]:
    """For what imports Optuna: its progress bars would ask a notebook for ipywidgets, and nothing here shows them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        yield
