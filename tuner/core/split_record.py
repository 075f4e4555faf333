"""What a division of a user's own samples came to: plain data, kept with the sweep, and told at its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from tuner.core.units import counted

Kind = Literal["random", "group", "time"]
PARTS = ("train", "validation", "test")
_SHOWN = {"train": "training", "validation": "validation", "test": "test"}
MOST_CLASSES = 5  # whose shares are shown in a line


@dataclass(frozen=True, kw_only=True)
class PartRecord:
    """One of training, validation and test."""

    samples: int
    classes: tuple[int, ...]
    """How many samples each class has, in the order of the classes; empty where numbers are predicted."""
    groups: int | None = None
    first: str | None = None
    """The earliest moment, of a division by time."""
    last: str | None = None


@dataclass(frozen=True, kw_only=True)
class SplitRecord:
    """How samples were divided, and what that came to."""

    kind: Kind
    by: str
    """The column, or the regular expression; empty for a random division."""
    test: str
    """The path of the test split that was given; empty where it was held out."""
    classes: tuple[str, ...]
    parts: dict[str, PartRecord]

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `dataclasses.asdict`, also after JSON. Raises KeyError or TypeError where it is another."""
        values = {each.name: raw[each.name] for each in fields(cls)}
        parts = {name: PartRecord(**{**part, "classes": tuple(part["classes"])}) for name, part in raw["parts"].items()}
        return cls(**values | {"classes": tuple(raw["classes"]), "parts": parts})

    def to_json(self) -> dict[str, Any]:
        """Names and numbers only."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For people: how, and then a line for each part."""
        how = {"group": f"by group ('{self.by}')", "time": f"by time ('{self.by}')", "random": "at random, stratified"}
        given = f"; test: {self.test}" if self.test else ""
        return [f"split {how[self.kind]}{given}", *(f"  {self._part(name)}" for name in PARTS)]

    def _part(self, name: str) -> str:
        part = self.parts[name]
        groups = "" if part.groups is None else f" of {counted(part.groups, 'group')}"
        when = f", from {part.first} to {part.last}" if part.first is not None else ""
        shares = f" ({self._shares(part)})" if self.classes else ""
        return f"{_SHOWN[name]}: {counted(part.samples, 'sample')}{groups}{when}{shares}"

    def _shares(self, part: PartRecord) -> str:
        total = max(1, part.samples)
        shares = [f"{name} {count / total:.1%}" for name, count in zip(self.classes, part.classes, strict=True)]
        more = len(shares) - MOST_CLASSES
        rest = f" and {more} more class{'' if more == 1 else 'es'}" if more > 0 else ""
        return ", ".join(shares[:MOST_CLASSES]) + rest
