"""Notes on samples to predict: each kind is counted, and told in one line with one example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tuner.core.shorten import first_names
from tuner.core.units import counted

MOST_NAMED = 5  # columns or categories in a line


@dataclass(frozen=True)
class Note:
    """Something to know about one sample."""

    kind: str
    """What it has in common with other samples, such as `darker than in training`."""
    detail: str = ""
    """This sample's own values."""
    named: tuple[str, ...] = ()
    """The columns or categories that are counted by their names."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


@dataclass
class _Kind:
    example: str
    samples: int = 0
    named: Counter[str] = field(default_factory=Counter)


class Notes:
    """Counts notes by their kind."""

    def __init__(self, noun: str) -> None:
        """`noun` is what a sample is called: image, text or row."""
        self._noun = noun
        self._samples: dict[str, _Kind] = {}
        self._files: dict[str, list[str]] = {}

    def add(self, sample: str, notes: Iterable[Note]) -> None:
        """Counts the notes on a sample: at most one of each kind."""
        for note in notes:
            example = f"{sample} ({note.detail})" if note.detail else sample
            known = self._samples.setdefault(note.kind, _Kind(example))
            known.samples += 1
            known.named.update(note.named)

    def add_file(self, file: str, note: Note) -> None:
        """Counts a note on a file or folder."""
        self._files.setdefault(note.kind, []).append(f"{file}: {note}")

    def lines(self, total: int) -> list[str]:
        """A line for each kind; `total` is the number of samples in all."""
        found = []
        for texts in self._files.values():
            more = f" (and in {counted(len(texts) - 1, 'other')})" if texts[1:] else ""
            found.append(texts[0] + more)
        for kind, known in self._samples.items():
            named = f": {_most_common(known.named)}" if known.named else ""
            of = f"{known.samples:,} of {total:,} {self._noun}{'' if total == 1 else 's'}"
            found.append(f"{of}: {kind}{named}; such as {known.example}")
        return found


def _most_common(names: Counter[str]) -> str:
    return first_names([f"{name} ({count:,})" for name, count in names.most_common()], MOST_NAMED)
