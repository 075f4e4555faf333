"""Trials that ask for more memory than this machine has: its allocator really says no."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from support.common import make_config
from support.digits import some_digits
from support.in_process import tracked
from torch import Tensor, nn

from faults.inventory import inventory
from faults.ledger import Ledger
from tuner.core import catalog
from tuner.core.records import TrialRecord
from tuner.data.spec import DataSpec, Splits

TRIALS = 16
FITS, TOO_MUCH = 32, 128
BYTES = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
OVERCOMMIT = Path("/proc/sys/vm/overcommit_memory")

pytestmark = pytest.mark.skipif(
    not OVERCOMMIT.exists() or OVERCOMMIT.read_text().strip() == "1", reason="this system promises any memory"
)


class Greedy(nn.Module):
    """A linear classifier of 8x8 images. A batch of 96 asks for all memory of the machine, and touches none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 10)

    def forward(self, inputs: Tensor) -> Tensor:
        if self.training:
            torch.empty(len(inputs), BYTES // 96, dtype=torch.uint8)
        logits: Tensor = self.linear(inputs.flatten(1))
        return logits


@pytest.fixture
def splits(monkeypatch: pytest.MonkeyPatch) -> Splits:
    """Digits, and a cnn that is none."""

    def build(data: DataSpec) -> nn.Module:
        return Greedy()

    monkeypatch.setattr(catalog.load("models", "cnn"), "build", build)
    return some_digits(300)


def sweep(home: Path, database: Path, splits: Splits, **changes: Any) -> list[TrialRecord]:
    params = {"batch_size": {"choices": [FITS, TOO_MUCH]}, "lr": {"low": 0.001, "high": 0.1, "log": True}}
    space = {"epochs": 3, "params": params}
    config = make_config(name="x", trials=TRIALS, epochs=3, concurrency=1, max_failure_rate=1.0, space=space, **changes)
    home.mkdir()
    shutil.copy(database, home)
    return tracked(config, splits, home).records()


@pytest.mark.faults
def test_a_batch_that_does_not_fit_fails_with_its_size_and_the_search_keeps_away_from_it(
    home: Path, database: Path, splits: Splits, ledger: Ledger
) -> None:
    records = sweep(home, database, splits)
    failed = [record for record in records if record.state == "FAIL"]
    found = inventory(home, "x", TRIALS, registered=False)
    ledger.enter("out of memory in a trial", len(failed), found)
    assert found.wrong == []
    assert failed
    assert {(record.parameters["batch_size"], record.reason) for record in failed} == {
        (TOO_MUCH, f"out of memory at batch size {TOO_MUCH}")
    }
    others = {record.parameters["batch_size"] for record in records if record.state != "FAIL"}
    assert others == {FITS}, "the same process trains on"
    late = [record.parameters["batch_size"] for record in records[8:]]
    assert late.count(TOO_MUCH) <= 3, "where half would come by chance"


@pytest.mark.faults
@pytest.mark.proof
def test_half_a_batch_at_a_time_fits(home: Path, database: Path, splits: Splits, ledger: Ledger) -> None:
    records = sweep(home, database, splits, oom="halve-batch")
    halved = [record for record in records if record.halved]
    found = inventory(home, "x", TRIALS, registered=False)
    ledger.enter("out of memory in a trial, with --oom halve-batch", len(halved), found)
    assert found.wrong == []
    assert {record.state for record in records} <= {"COMPLETE", "PRUNED"}
    assert {(record.parameters["batch_size"], record.halved) for record in halved} == {(TOO_MUCH, 1)}
    assert {record.parameters["batch_size"] for record in records if not record.halved} == {FITS}
