"""Spaces, quotes, brackets and newlines in every path and name that a user gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.common import Command

from faults.inventory import Inventory
from faults.ledger import Ledger
from faults.odd_paths import Odd


@pytest.mark.faults
@pytest.mark.proof
def test_every_command_bears_every_path(tuner: Command, tmp_path: Path, ledger: Ledger) -> None:
    counts = Odd(tuner, tmp_path).run()
    ledger.enter("a command on paths with spaces, quotes and newlines", counts.commands, Inventory(wrong=counts.wrong))
    assert counts.wrong == []
    assert counts.commands == 9
