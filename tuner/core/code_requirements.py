"""Which installed packages a user's own code needs, so that a registered model can say it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version
from importlib.util import decode_source
from pathlib import PurePosixPath

from tuner.core.code_files import top_name
from tuner.core.kept_code import KeptCode


def requirements_of(kept: KeptCode) -> list[str]:
    """`NAME==VERSION` of each installed distribution whose packages the code imports. Those of tuner are left out."""
    local = {top_name(PurePosixPath(key.partition("/")[2])) for key in kept.files}
    tops = {name for source in kept.files.values() for name in _tops(source)}
    known = packages_distributions()
    names = {name for top in tops - local - set(sys.stdlib_module_names) for name in known.get(top, ())} - {"tuner"}
    return [f"{name}=={version(name)}" for name in sorted(names)]


def _tops(source: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(decode_source(source))):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]
