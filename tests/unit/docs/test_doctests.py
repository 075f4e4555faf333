"""The examples in the docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGES = ("tuner", "tuner.report", "tuner.models", "tuner.datasets")


def modules_with_examples() -> list[str]:
    """Found by their text: importing every module would import Ray and MLflow."""
    found = []
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        for folder in spec.submodule_search_locations or ():
            names = [module.name for module in pkgutil.iter_modules([folder]) if not module.ispkg]
            found += [f"{package}.{name}" for name in names if ">>> " in (Path(folder) / f"{name}.py").read_text()]
    return sorted(found)


def test_there_are_examples() -> None:
    assert {"tuner.search.schedulers.asha", "tuner.search.overrides"} <= set(modules_with_examples())


@pytest.mark.parametrize("name", modules_with_examples())
def test_the_examples_of_a_module_do_what_they_say(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
