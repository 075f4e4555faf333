"""What the command says of data that are missing, and of `tuner up`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from support.common import Command, check_refused


def test_missing_data_says_which_files_to_put_where(tuner: Command, tmp_path: Path) -> None:
    """In a process of its own: nothing but the one line may be printed, by torchvision's download code either."""
    done = tuner("sweep", "mnist", "cnn", folder=tmp_path, TUNER_DATA=str(tmp_path / "data"))
    words = ["train-images-idx3-ubyte.gz", str(tmp_path / "data")]
    check_refused((done.returncode, done.stdout, done.stderr), words, tmp_path / "runs")


@pytest.mark.skipif(sys.platform != "linux" or Path("/dev/nvidiactl").exists(), reason="tuner up is not for it")
def test_the_commands_of_these_tests_are_forked(tuner: Command, tmp_path: Path) -> None:
    """Otherwise all would start as usual, and nobody would see why the tests take longer."""
    done = tuner("status", folder=tmp_path)
    assert re.search(r"^tuner up: process \d+, .*\d commands? running;", done.stderr, re.MULTILINE), done.stderr
