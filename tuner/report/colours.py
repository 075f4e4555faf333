"""The colours of all pictures and pages."""

from __future__ import annotations

BLUE, RED, GREEN, YELLOW, ORANGE, GREY = (
    "#4477aa",
    "#dd5566",
    "#228833",
    "#bb9911",
    "#dd7711",
    "#8a909a",
)  # after Paul Tol's "bright"
BAND = "#c9cdd4"  # what noise would give
STATE_COLOURS = {"done": GREEN, "running": ORANGE, "waiting": YELLOW, "pruned": GREY, "failed": RED}
"""The colour of each state that a trial can have: see `TrialRecord.word`."""
