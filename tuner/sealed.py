"""Small JSON files with a checksum, so that damage is seen and not believed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuner.files import write_atomic

SEAL = "checksum"


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Writes it, as a whole or not at all, with the key `checksum` as its last."""
    text = json.dumps({**content, SEAL: _checksum(content)}, indent=2) + "\n"
    write_atomic(path, lambda file: file.write(text.encode()))


def read_sealed(path: Path) -> dict[str, Any]:
    """What was written. A file without a checksum, of an earlier version or changed by hand, is believed.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")
    if content.pop(SEAL, None) not in (None, _checksum(content)):
        raise ValueError(f"its {SEAL} does not fit (take that line out if you have changed the file yourself)")
    return content


def _checksum(content: Mapping[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(content).encode()):08x}"
