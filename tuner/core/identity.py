"""What a pair of a user's own data is known by: where the data lies and its classes, not its last name alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from tuner.core.files import digest
from tuner.core.target_kind import NUMBERS

_MOST_NAMES, _LONGEST = 8, 200  # classes and characters that are kept in words


@dataclass(frozen=True, kw_only=True)
class DataIdentity:
    """A user's own data, as it is kept in sweep.json and in the tags of runs and versions."""

    place: str
    """FORMAT:PATH, with all links followed. For data that was sent to a cluster it does not name the copy."""
    target: str
    """The column of the classes; empty where classes are no column."""
    classes: str
    """The names of the classes, for people: the first ones. Empty where a number is predicted."""
    classes_digest: str
    """Stands for all of them."""
    content: str
    """Stands for the samples: the test split and the whole validation split."""

    @classmethod
    def of(cls, place: str, target: str | None, classes: tuple[str, ...], content: str) -> Self:
        """The identity of data with these classes; without any, a number is predicted."""
        words = ", ".join(classes[:_MOST_NAMES])
        words = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."
        more = f" and {len(classes) - _MOST_NAMES} more" if len(classes) > _MOST_NAMES else ""
        return cls(
            place=place,
            target=target or "",
            classes=words + more,
            classes_digest=digest(*sorted(classes)) if classes else NUMBERS.task,
            content=content,
        )

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `dataclasses.asdict`. Raises KeyError or TypeError when a value is missing."""
        return cls(**{each.name: str(raw[each.name]) for each in fields(cls)})

    @property
    def fingerprint(self) -> str:
        """Stands for place, target and classes."""
        return digest(self.place, self.target, self.classes_digest)
