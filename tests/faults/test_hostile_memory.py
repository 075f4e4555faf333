"""Bombs, and files of a hundred megabytes, take no more memory than said: measured in processes of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest
import torch

from faults.hostile.images import png_bomb, scan_bomb
from faults.hostile.models import packed

MEASURE = """
import json, os, resource, sys
from pathlib import Path
from tuner.core import catalog
from tuner.data.spec import DataSpec
from tuner.core.errors import TunerError
from tuner.data.images import read_image
from tuner.training.samples import SampleReader

TEXTS = DataSpec(name="t", task="text", shape=(8,), classes=("a", "b"), mean=(), std=())
USES = {
    ".txt": lambda file: list(SampleReader(TEXTS, [file])),
    ".csv": lambda file: catalog.read_format("csv", Path(file), "kind"),
    ".pth": lambda file: catalog.load("models", "vgg16").pretrained(Path(file), Path()),
}
catalog.load("models", "vgg16")
import tuner.training.sample_texts  # what it imports is not counted

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

for file in sys.argv[1:]:
    if os.fork():
        os.wait()
        continue
    before = peak()
    try:
        USES.get(Path(file).suffix, lambda file: read_image(Path(file), (1, 32, 32)))(file)
        said = "accepted"
    except TunerError as error:
        said = str(error)
    print(json.dumps([Path(file).name, said, peak() - before]), flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    """What was said of each file, and by how many MB it made the memory of a process grow."""
    folder = tmp_path_factory.mktemp("bombs")
    weights = io.BytesIO()
    torch.save({"features.0.weight": torch.zeros(50_000_000)}, weights)
    files = {
        "one line.txt": b"good film " * 10_000_000,
        "one line.csv": b"kind," + b"x" * 100_000_000,
        "giant.png": png_bomb(60_000, 60_000, 8_000),
        "largest.png": png_bomb(7_900, 7_900, 7_900),
        "scans.jpg": scan_bomb(2_000, 1_000),
        "packed.pth": packed(weights.getvalue()),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    command = [sys.executable, "-c", MEASURE, *(str(folder / name) for name in files)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    for name in files:
        (folder / name).unlink()
    return {name: (said, grown) for name, said, grown in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize(
    ("file", "said", "megabytes"),
    [
        ("one line.txt", ":1: more than 10,000,000 bytes: write one sample a line", 60),
        ("one line.csv", "line 1: a quote that is never closed, or a cell of more than 131,072 characters", 700),
        ("giant.png", "more than 64,000,000 pixels, which is the limit", 60),
        ("largest.png", "accepted", 300),
        ("scans.jpg", "more than 100 scans, which is the limit", 60),
        ("packed.pth", "it is compressed, and torch.save compresses nothing", 60),
    ],
)
def test_a_bomb_takes_a_bounded_memory(
    measured: dict[str, tuple[str, int]], file: str, said: str, megabytes: int
) -> None:
    words, grown = measured[file]
    assert said in words
    assert grown < megabytes, words
