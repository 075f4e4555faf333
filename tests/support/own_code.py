"""A user's own dataset and model in the current folder, each with a file or package beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

DATA = '''"""Points of light on a dark field."""
from points import images
from tuner.data.spec import DataSpec, Splits, hold_out, moments

def load(root):
    inputs, targets = images(%d)
    rest, test = hold_out(inputs, targets, 0.2)
    train, validation = hold_out(*rest, 0.25)
    mean, std = moments(train.inputs)
    spec = DataSpec(name="x", task="image", shape=(1, 8, 8), classes=("up", "down"), mean=mean, std=std)
    return Splits(spec, train, validation, test)
'''
POINTS = """import torch

def images(count):
    targets = torch.arange(count) % 2
    inputs = torch.randint(0, 120, (count, 1, 8, 8), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    for number, target in enumerate(targets.tolist()):
        inputs[number, 0, 4 * target : 4 * target + 4] += 90
    return inputs, targets
"""
MODEL = '''"""Two layers."""
from layers.dense import Net

TASKS = ("image",)
SPACE = {"width": {"choices": [8, 16]}, "dropout": {"low": 0.0, "high": 0.4}}

def build(data, *, width=8, dropout=0.1):
    return Net(data, width, dropout)
'''
DENSE = """from math import prod

from torch import nn

from .names import FACTOR

class Net(nn.Module):
    def __init__(self, data, width, dropout):
        super().__init__()
        self.first = nn.Linear(prod(data.shape), width * FACTOR)
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(width * FACTOR, len(data.classes))

    def forward(self, x):
        return self.last(self.dropout(self.first(x.flatten(1)).relu()))
"""


def write_own_code(folder: Path, samples: int = 200) -> None:
    """Writes my_data.py with points.py, and my_model.py with the package layers."""
    (folder / "layers").mkdir(parents=True, exist_ok=True)
    texts = {
        "my_data.py": DATA % samples,
        "points.py": POINTS,
        "my_model.py": MODEL,
        "layers/__init__.py": "",
        "layers/dense.py": DENSE,
        "layers/names.py": "FACTOR = 2\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def delete_code(folder: Path) -> None:
    """Deletes them all."""
    for name in ("my_data.py", "points.py", "my_model.py"):
        (folder / name).unlink()
    shutil.rmtree(folder / "layers")
