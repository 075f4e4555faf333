"""What a user's own code saves of a trial: the state to go on from, and that of the epoch that is kept, in one file.

The states are pickled: they are of the user's own code, and are loaded by it alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import cloudpickle

from tuner.core.errors import one_line
from tuner.core.files import write_atomic

STATE_FILE = "saved.state"
_HEADER = 16  # bytes that hold the length of the header, as a decimal number
_LARGEST_HEADER = 1 << 20


@dataclass(frozen=True, kw_only=True)
class SavedState:
    """A state, and the best one."""

    epoch: int
    """After which the state was saved, counted from 1."""
    metrics: Mapping[str, float]
    """Of that epoch."""
    state: bytes
    kept_epoch: int
    """The best of the epochs that have saved a state."""
    kept_metrics: Mapping[str, float]
    kept: bytes = field(default=b"")
    """Its state; empty where it is the same."""

    @property
    def best(self) -> bytes:
        """The state of the epoch that is kept."""
        return self.kept or self.state

    def write(self, file: Path) -> None:
        """Replaces the file as a whole. Raises OSError when the disk refuses it."""
        header = {name: value for name, value in asdict(self).items() if name not in ("state", "kept")}
        header |= {"sizes": [len(self.state), len(self.kept)], "digest": _digest(self.state, self.kept)}
        text = json.dumps(header).encode()

        def fill(opened: Any) -> None:
            for part in (str(len(text)).rjust(_HEADER).encode(), text, self.state, self.kept):
                opened.write(part)

        write_atomic(file, fill)

    @classmethod
    def read(cls, file: Path) -> SavedState | None:
        """Reads what `write` has written; None when there is none.

        Raises:
            DamagedStateError: the file is incomplete or damaged.
        """
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DamagedStateError(f"{file}: {error.strerror}") from None
        try:
            size = int(content[:_HEADER])
            header = json.loads(content[_HEADER : _HEADER + size])
            first, second = header.pop("sizes")
            digest, start = header.pop("digest"), _HEADER + size
            found = cls(**header, state=content[start : start + first], kept=content[start + first :][:second])
            if _digest(found.state, found.kept) != digest:
                raise ValueError("the checksum does not match")
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedStateError(f"{file} is damaged: {one_line(error)}") from None
        return found


class DamagedStateError(Exception):
    """A saved state cannot be read."""


def saved_epoch(folder: Path) -> int:
    """The epoch of the state in a trial's folder, without reading the state; 0 when there is none that can be read."""
    try:
        with (folder / STATE_FILE).open("rb") as opened:
            size = int(opened.read(_HEADER))
            return int(json.loads(opened.read(min(size, _LARGEST_HEADER)))["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def to_bytes(state: Any) -> bytes:
    """Pickles a state; classes and functions of a notebook go with it. Raises what pickling raises."""
    pickled: bytes = cloudpickle.dumps(state)
    return pickled


def from_bytes(pickled: bytes) -> Any:
    """The reverse of `to_bytes`."""
    return cloudpickle.loads(pickled)


def _digest(*parts: bytes) -> str:
    content = sha256()
    for part in parts:
        content.update(part)
    return content.hexdigest()
