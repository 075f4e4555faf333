"""How a user's own data are read and divided, beside --target: the options --text, --test, --group and --time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tuner.core.errors import TunerError


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """What was asked for; None where it was not."""

    text: str | None = None
    """The column of a table that holds the texts."""
    test: str | None = None
    """The path of the test split: a file or folder of the same kind."""
    group: str | None = None
    """What tells which samples belong together: a column, or a regular expression for the names of files."""
    time: str | None = None
    """The column of dates, times or numbers by which the samples are divided: the latest are the test split."""

    def given(self) -> dict[str, str]:
        """Those that were given, by the name of the option."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def words(self) -> list[str]:
        """As words of a command line."""
        return [word for name, value in self.given().items() for word in (f"--{name}", value)]

    def refuse(self, why: str) -> None:
        """Raises TunerError where one was given, with the reason why none can be."""
        for name, value in self.given().items():
            raise TunerError(f"--{name} {value}: {why}")

    @classmethod
    def from_json(cls, raw: Mapping[str, Any] | None) -> DataOptions:
        """The reverse of `given`; nothing for None. Raises TypeError for what is no option."""
        return cls(**(raw or {}))


NOT_DIVIDED = DataOptions()
