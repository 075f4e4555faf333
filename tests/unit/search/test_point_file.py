"""The file of --enqueue: each form gives the same points, and what is wrong is one line with file, key and reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tuner.core.errors import TunerError
from tuner.search import point_file
from tuner.search.point_file import read_points

POINTS: list[dict[str, Any]] = [
    {"optimizer": "sgd", "lr": 0.1, "nesterov": True},
    {"optimizer": "adam", "lr": 1e-3},
]
TOML = "[[start]]\noptimizer = 'sgd'\nlr = 0.1\nnesterov = true\n[[start]]\noptimizer = 'adam'\nlr = 1e-3\n"
LIST = '[{"optimizer": "sgd", "lr": 0.1, "nesterov": true}, {"optimizer": "adam", "lr": 1e-3}]'
CSV = "optimizer, lr,nesterov\r\nsgd,0.1,true\r\n\r\nadam,1e-3,\r\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text", "places"),
    [
        ("points.toml", TOML, ["start[0]", "start[1]"]),
        ("points.json", LIST, ["start[0]", "start[1]"]),
        ("points.JSON", f'{{"start": {LIST}}}', ["start[0]", "start[1]"]),
        ("my points.csv", CSV, ["line 2", "line 4"]),
        ("excel.csv", "\ufeff" + CSV, ["line 2", "line 4"]),
    ],
)
def test_each_form_gives_the_same_points(tmp_path: Path, name: str, text: str, places: list[str]) -> None:
    assert read_points(write(tmp_path, name, text)) == list(zip(places, POINTS, strict=True))


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("p.txt", TOML, "must be a file that ends in .toml, .json, .csv"),
        ("p", TOML, "must be a file that ends in .toml, .json, .csv"),
        ("p.toml", "", "has no points"),
        (
            "p.toml",
            "epochs = 3\n[params]\nlr = 1",
            "unknown key 'epochs': it has [[start]] alone; a search space is for",
        ),
        ("p.toml", "[start]\nlr = 1", "start: must be a list of points, each below a line [[start]]"),
        ("p.toml", "[[start]\n", "not valid TOML: "),
        ("p.toml", "#" * 40_000, "more than 32,000 characters, too many for a file of points; CSV may have more"),
        ("p.json", "", "not valid JSON: "),
        ("p.json", "[" * 100_000, "not valid JSON: "),
        ("p.json", "[]", "has no points"),
        ("p.json", "3", "start: must be a list of points"),
        ("p.json", '{"points": []}', "unknown key 'points': "),
        ("p.csv", "", "has no points"),
        ("p.csv", "lr,momentum\n", "has no points"),
        ("p.csv", "lr,lr\n0.1,0.2\n", "line 1: a parameter stands there twice: lr, lr"),
        ("p.csv", "lr,momentum\n0.1,0.9\n0.1\n", "line 3: has 1 cells, and the first line 2"),
        ("p.csv", 'lr\n"0.1\n', "line 2: not valid CSV: "),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_line(tmp_path: Path, name: str, text: str, reason: str) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(TunerError, match=re.escape(f"--enqueue {path}: {reason}")) as caught:
        read_points(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.csv").mkdir()
    reasons = {"none.csv": "No such file or directory", "binary.csv": "not UTF-8 text", "folder.csv": "Is a directory"}
    for name, reason in reasons.items():
        with pytest.raises(TunerError, match=f"^--enqueue {tmp_path / name}: {reason}$"):
            read_points(tmp_path / name)
    monkeypatch.setattr(point_file, "MOST_CHARACTERS", 10)
    with pytest.raises(TunerError, match=r"more than 10 characters$"):
        read_points(write(tmp_path, "large.csv", CSV))
