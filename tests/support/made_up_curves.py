"""A small table of made-up learning curves, for tests of the bench of search methods."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from replay.chance import Chance
from replay.tables import Parameters

from tuner.search.space_file import parse_space, read_toml

SPACE = """
epochs = 9
[params]
optimizer = { choices = ["sgd", "adam"] }
lr = [
  { when = { optimizer = "sgd" }, low = 0.01, high = 1.0, log = true },
  { when = { optimizer = "adam" }, low = 0.001, high = 0.1, log = true },
]
momentum = { low = 0.5, high = 0.9, when = { optimizer = "sgd" } }
layers = { low = 1, high = 4 }
size = { choices = [16, 32, 64] }
"""
CONFIGURATIONS, REPEATS, EPOCHS, SAMPLES = 32, 8, 9, 200


def made_up_score(parameters: Parameters, epoch: int) -> float:
    """Best in the middle of the range of lr, with many layers."""
    middle = 0.1 if parameters["optimizer"] == "sgd" else 0.01
    quality = 1 - 0.3 * abs(math.log10(float(parameters["lr"]) / middle)) - 0.1 * (4 - float(parameters["layers"])) / 3
    return 0.1 + 0.8 * quality * (1 - math.exp(-epoch / 2))


def made_up_table(path: Path, **changes: Any) -> Path:
    """Writes 40 trainings, with some of the entries changed; those that are None are left out."""
    rng = np.random.default_rng(0)
    draw, space = Chance(rng), parse_space(read_toml(SPACE, "made up"), "made up")
    parameters = [space(draw) for _ in range(CONFIGURATIONS)]
    parameters += parameters[:REPEATS]
    scores = np.array([[made_up_score(each, epoch) for epoch in range(1, EPOCHS + 1)] for each in parameters])
    noise = rng.normal(0, 0.01, (len(parameters), 1, 1)) + rng.normal(0, 0.005, (len(parameters), EPOCHS, 2))
    curves = np.clip(scores[..., None] + noise, 0, 1)
    curves[..., 0] = (curves[..., 0] * SAMPLES).round() / SAMPLES
    entries = {
        "space": SPACE,
        "params": json.dumps(parameters),
        "curves": curves.astype(np.float16),
        "repeats": REPEATS,
        **changes,
    }
    np.savez_compressed(path, **{name: value for name, value in entries.items() if value is not None})
    return path
