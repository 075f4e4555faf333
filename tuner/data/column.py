"""A column of a user's own table: how its text is read, as a feature or as the number that is predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from tuner.data.centuries import LATEST

Kind = Literal["number", "category", "date", "time"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a user's table, and how its text is read: as numbers, categories, dates or times.

    A number is one feature, as are the hours of a time; a category is one-hot encoded, a date has a feature for each of
    its `parts`. Whatever way a value comes (a file, pandas, a request to a server), it is read as this says.
    """

    name: str
    categories: tuple[str, ...] = ()
    """The categories in the training split; any other value becomes all zeros. Empty for other columns."""
    fill: float = 0.0
    """The value used for a missing number, date (in days since 1970) or time: the mean over the training split."""
    missing: tuple[str, ...] = ()
    """Numbers, dates and times: texts that are none, and were taken for missing values in training. A date among them,
    as ISO 8601 writes it, is missing however it is written."""
    decimal: str = "."
    """Numbers: the decimal sign, a point or a comma."""
    thousands: str = ""
    """Numbers: what separates groups of digits, if anything."""
    unit: str = ""
    """Numbers: what is written before or after them, such as `kg` or `%`."""
    scaled: bool = False
    """Numbers: whether a factor such as k or M may be written with them, or with their unit."""
    date_order: str = ""
    """Dates: `ymd`, `dmy` or `mdy`. Empty for other columns."""
    latest_year: int = LATEST
    """Dates: the last of the hundred years that a year of two digits may be."""
    parts: tuple[str, ...] = ()
    """Dates: those of `tuner.data.dates.PARTS` that vary in the training split."""
    clock: str = ""
    """Times: how they are written, one of `tuner.data.times.Clock`. Empty for other columns."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All that the fields say; a column that is well-formed has one."""
        others: dict[Kind, object] = {"category": self.categories, "date": self.date_order, "time": self.clock}
        return tuple(kind for kind, has in others.items() if has) or ("number",)

    @property
    def kind(self) -> Kind:
        """What its cells are."""
        return self.kinds[0]

    @property
    def width(self) -> int:
        """The number of features that the column becomes."""
        return len(self.categories) or len(self.parts) or 1


@dataclass(frozen=True, kw_only=True)
class NumberTarget:
    """A target that is a number: how its cells are read, and its scale, which a model's answers are turned back by."""

    column: Column
    """Its `fill` is the mean over the training split, in the target's own unit."""
    std: float
    """The standard deviation over the training split, above 0."""

    @property
    def name(self) -> str:
        """Of the column."""
        return self.column.name

    @property
    def mean(self) -> float:
        """Over the training split."""
        return self.column.fill

    def scaled(self, targets: Tensor) -> Tensor:
        """Numbers in their own unit as float32 with mean 0 and standard deviation 1: what a network learns."""
        return ((targets.double() - self.mean) / self.std).float()

    def unscaled(self, outputs: Tensor) -> Tensor:
        """The reverse: (samples, 1) outputs of a network as (samples,) float64 numbers in their own unit."""
        return outputs[:, 0].double() * self.std + self.mean
