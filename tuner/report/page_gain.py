"""Which changes from the default configuration carry the winner's gain, as a model predicts."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.report.page import Block, render_table
from tuner.search.gain import Step


def gain_block(steps: Sequence[Step]) -> Block:
    """A row for each change, in the order in which they were made."""
    rows = [[each.change, each.points, "" if each.clear else "within noise"] for each in steps]
    caption = (
        "From the default configuration (the first start point, or the middle of all ranges) to the winner, one "
        "change after another, the one with the largest predicted gain first. Nothing of this was trained: a forest of "
        "trees on all other trials predicts it, and ± is its error over resamples of these trials. Forests draw "
        "predictions towards the mean, so true gains and losses tend to be larger."
    )
    return Block(caption=caption, html=render_table(("change", "predicted gain in points", ""), rows, "gain"))
