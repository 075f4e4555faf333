"""A column of times of the day, or of durations, becomes hours."""

from __future__ import annotations

import numpy as np

from tuner.core.errors import quoted
from tuner.data.cells import Cells
from tuner.data.column_notes import ColumnNotes
from tuner.data.column_statistics import Rows, mean_or_reason, strays
from tuner.data.column_values import read_times
from tuner.data.spec import Column
from tuner.data.times import ClockChoice, parse_time

_READ = {"h:m:s": "hours and minutes", "m:s": "minutes and seconds"}  # the clocks that a column may leave open


def time_column(name: str, cells: Cells, choice: ClockChoice, training: Rows, notes: ColumnNotes) -> Column | str:
    """How a column of times is read, or why it is left out. Arguments as in `date_columns.date_column`."""
    hours, broken = read_times(cells, choice.clock)
    fill = mean_or_reason(hours[training], "time")
    if isinstance(fill, str):
        return fill
    text, value = next((t, value) for t in cells if (value := parse_time(t, choice.clock)) is not None)
    line = f"{quoted(text)} is read as {value:.6g} hours"
    if choice.clock == "h:m":
        line += ", and minutes with seconds in the same way"
    if choice.ambiguous:
        pair = next(t for t in cells if t.count(":") == 1 and parse_time(t, choice.clock) is not None)
        line = f"{quoted(pair)} is read as {_READ[choice.clock]}, which the column leaves open"
    notes.add("doubtful time" if choice.ambiguous else "time", name, line)
    notes.missing(name, cells, np.isnan(hours))
    return Column(name=name, fill=fill, missing=strays(cells[broken]), clock=choice.clock)
