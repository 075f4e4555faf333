"""The digits: read without scikit-learn, and the same as with it."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from tuner.core import catalog


def test_they_are_those_of_scikit_learn_wherever_its_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    digits, raw = catalog.load("datasets", "digits"), load_digits()
    pixels, labels = digits._read()
    assert np.array_equal(pixels, raw.images)
    assert np.array_equal(labels, raw.target)

    moved = ModuleSpec("sklearn", None, is_package=True)
    moved.submodule_search_locations = [str(tmp_path)]
    for elsewhere in (moved, None):
        monkeypatch.setattr(digits, "find_spec", lambda _, found=elsewhere: found)
        pixels, labels = digits._read()
        assert np.array_equal(pixels, raw.images)
        assert np.array_equal(labels, raw.target)


def test_the_splits_hold_all_of_them_once(tmp_path: Path) -> None:
    splits, raw = catalog.load("datasets", "digits").load(tmp_path), load_digits()
    parts = [splits.train, splits.validation, splits.test]
    images = torch.cat([part.inputs for part in parts]).reshape(-1, 64)
    assert images.dtype == torch.uint8
    assert sorted(map(tuple, images.tolist())) == sorted(map(tuple, raw.data.astype(int).tolist()))
    assert torch.equal(
        torch.cat([part.targets for part in parts]).bincount(), torch.from_numpy(np.bincount(raw.target))
    )


def test_before_a_sweep_begins_torch_is_the_only_import_of_seconds() -> None:
    code = (
        "import sys; from pathlib import Path; from tuner.core import catalog\n"
        "catalog.load('datasets', 'digits').load(Path())\n"
        "from tuner.sweeps import api\n"
        "print([name for name in ('sklearn', 'scipy.stats', 'ray', 'mlflow', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
