"""The examples in the docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = {"tuner": ROOT / "tuner", "tuner.models": ROOT / "models", "tuner.datasets": ROOT / "datasets"}


def modules_with_examples() -> list[str]:
    """Found by their text: importing every module would import Ray and MLflow."""
    return sorted(
        ".".join([package, *file.relative_to(folder).with_suffix("").parts])
        for package, folder in FOLDERS.items()
        for file in folder.rglob("*.py")
        if ">>> " in file.read_text(encoding="utf-8")
    )


def test_there_are_examples() -> None:
    assert {"tuner.core.dataset_name", "tuner.search.schedulers.asha", "tuner.search.overrides"} <= set(
        modules_with_examples()
    )


@pytest.mark.parametrize("name", modules_with_examples())
def test_the_examples_of_a_module_do_what_they_say(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
