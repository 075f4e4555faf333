"""All kinds of bad input."""

from __future__ import annotations

from faults.hostile import binaries, images, models, names, spaces, tables, texts
from faults.hostile.ends import Kind

KINDS: list[Kind] = [
    kind for module in (spaces, tables, images, texts, binaries, models, names) for kind in module.KINDS
]
