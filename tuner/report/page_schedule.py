"""The section of population based training: with which values the best trial's weights were trained, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuner.core.records import TrialRecord, Value
from tuner.report.page import Block, render_table

Step = tuple[int, TrialRecord, Mapping[str, Value]]
CAPTION = (
    "The weights of the best trial were trained by several trials: one of the worst quarter took over those of one of "
    "the best quarter, and some values changed. A row is a part of that training, with the score at its end. The "
    "learning rate is the one at the peak of its schedule."
)


def schedule_block(steps: Sequence[Step], last: int) -> Block:
    """A table with a row for each part of the training. `last` is its last epoch. See `population.schedule`."""
    names = dict.fromkeys(name for *_, parameters in steps for name in parameters)
    changing = [name for name in names if len({str(parameters.get(name)) for *_, parameters in steps}) > 1]
    ends = [*(first - 1 for first, *_ in steps[1:]), last]
    rows = [
        [
            f"{first}" if first == end else f"{first} to {end}",
            str(record.number),
            f"{record.values[end]:.4f}",
            *(_cell(parameters.get(name, "")) for name in changing),
        ]
        for (first, record, parameters), end in zip(steps, ends, strict=True)
    ]
    return Block(
        caption=CAPTION, html=render_table(["epochs", "trial", steps[0][1].goal.watched.name, *changing], rows)
    )


def _cell(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
