"""What `tuner ui` has printed."""

from __future__ import annotations

import re

from support.processes import Process


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
