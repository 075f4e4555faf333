"""What the command says of data that are missing."""

from __future__ import annotations

from pathlib import Path

from support.common import Command, check_refused


def test_missing_data_says_which_files_to_put_where(tuner: Command, tmp_path: Path) -> None:
    """In a process of its own: nothing but the one line may be printed, by torchvision's download code either."""
    done = tuner("sweep", "mnist", "cnn", folder=tmp_path, TUNER_DATA=str(tmp_path / "data"))
    words = ["train-images-idx3-ubyte.gz", str(tmp_path / "data")]
    check_refused((done.returncode, done.stdout, done.stderr), words, tmp_path / "runs")
