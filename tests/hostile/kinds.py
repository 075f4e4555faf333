"""All kinds of bad input."""

from __future__ import annotations

from hostile import binaries, images, models, names, spaces, tables, texts
from hostile.ends import Kind

KINDS: list[Kind] = [
    kind for module in (spaces, tables, images, texts, binaries, models, names) for kind in module.KINDS
]
