"""Fault tests enter what they injected and what became of it. `make faults` writes it into docs/faults.md."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.workers import worker

from faults.inventory import Inventory

_ROWS = pytest.StashKey[list["Entry"]]()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a test did. One that fails before it has entered anything is entered by its name, as not survived."""

    kind: str
    """Of fault, or of input."""
    injected: int
    trials: int = 0
    epochs: int = 0
    metrics: int = 0
    lost: tuple[int, int, int] = (0, 0, 0)
    """Trials, epochs, and metrics."""
    wrong: int = 0
    resumes: Sequence[float] = ()
    """Seconds from `tuner resume` to its first new epoch."""
    ends: dict[str, int] = field(default_factory=dict)
    """How so many bad inputs ended."""


class Ledger:
    """Given to tests by the fixture of the same name."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries

    def enter(self, kind: str, injected: int, found: Inventory, resumes: Sequence[float] = ()) -> None:
        """Faults of a kind, and what the sweeps have that they were injected into."""
        entry = Entry(
            kind=kind,
            injected=injected,
            trials=found.trials,
            epochs=found.epochs,
            metrics=found.metrics,
            lost=found.lost,
            wrong=len(found.wrong),
            resumes=tuple(resumes),
        )
        self._add(entry)

    def enter_inputs(self, kind: str, ends: dict[str, int]) -> None:
        """Bad inputs of a kind, and how so many ended."""
        self._add(Entry(kind=kind, injected=sum(ends.values()), ends=ends))

    def _add(self, entry: Entry) -> None:
        print(entry)
        self._entries.append(entry)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--faults FILE`."""
    parser.addoption("--faults", type=Path, help="write what the fault tests have counted to this file, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Nothing is entered yet."""
    config.stash[_ROWS] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A fault test that fails has a row of its own. With `--faults` one may not be skipped: a row would be missing."""
    report = yield
    if item.config.getoption("--faults") and item.get_closest_marker("faults"):
        if report.skipped:
            report.outcome = "failed"
        if report.failed:
            item.config.stash[_ROWS].append(Entry(kind=f"{item.name} failed", injected=1, wrong=1))
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the file. A worker of pytest-xdist hands its entries to the process that does."""
    path = session.config.getoption("--faults")
    if not path:
        return
    rows = [asdict(entry) for entry in session.config.stash[_ROWS]]
    if worker():
        vars(session.config)["workeroutput"]["faults"] = rows
    else:
        path.write_text(json.dumps(rows, indent=1) + "\n")


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_testnodedown(node: Any, error: object) -> None:
    """Takes a worker's entries. One that died has lost them: that is a row of its own."""
    rows = getattr(node, "workeroutput", {}).get("faults", [])
    if error:
        rows = [asdict(Entry(kind=f"a worker of the tests died: {error}", injected=1, wrong=1))]
    node.config.stash[_ROWS] += [Entry(**row) for row in rows]


@pytest.fixture(scope="session")
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """Where a fault test enters its counts."""
    return Ledger(request.config.stash[_ROWS])
