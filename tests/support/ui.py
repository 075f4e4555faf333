"""What `tuner ui` has printed, and a sweep that is composed on its page."""

from __future__ import annotations

import re

from support.browser import Browser
from support.processes import Process

FIELDS = {"dataset": 1, "model": 2, "trials": 4, "epochs": 6, "name": 9, "more": 10}
"""Where they are in the form."""


def opened(ui: Process) -> str:
    """The address of the page, with its token; waits until it is printed."""
    assert ui.stderr is not None
    said: list[str] = []
    for line in ui.stderr:
        said.append(line)
        found = re.search(r"http://127.0.0.1:\d+/#token=\S+", line)
        if found:
            return found[0]
    raise AssertionError(f"there is no address: {''.join(said)}")


def compose(page: Browser, **values: str) -> None:
    """Types values into the fields of a new sweep, see FIELDS."""
    for name, value in values.items():
        page.type(f".field:nth-child({FIELDS[name]}) input", value)
