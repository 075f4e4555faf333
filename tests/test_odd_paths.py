"""Spaces, quotes, brackets and newlines in every path and name that a user gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from odd_paths import Odd
from support import Command


@pytest.mark.proof
def test_every_command_bears_every_path(tuner: Command, tmp_path: Path) -> None:
    counts = Odd(tuner, tmp_path).run()
    print(counts)
    assert counts.wrong == []
    assert counts.commands == 9
