"""What is told of a user's own code when a sweep begins or goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.common import make_config
from support.own_code import write_own_code

from tuner.core import catalog
from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.sweep_request import SweepRequest
from tuner.execution.jobs.upload import command_words, pack, unpack
from tuner.sweeps.best_trial import best_for
from tuner.sweeps.own_code import read_own_code, tell_changes, tell_other_code
from tuner.sweeps.pair import check_sweep_is_no_pair
from tuner.sweeps.plan import plan


class Notes(Callback):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def on_note(self, text: str, *, warning: bool = True) -> None:
        self.lines.append(text)


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    write_own_code(tmp_path)


def request(**changes: str) -> SweepRequest:
    return SweepRequest(**{"dataset": "my_data.py", "model": "my_model.py", **changes}, trials=2, concurrency=1)  # type: ignore[arg-type]


def planned(**changes: str) -> SweepConfig:
    return plan(request(**changes), "x")[0]


def saved(home: Path, name: str, **changes: str) -> SweepConfig:
    config = make_config(
        name=name, dataset=catalog.resolve("datasets", "my_data.py"), model=catalog.resolve("models", "my_model.py")
    )
    (home / name).mkdir(parents=True)
    config.save(home / name)
    config.keep_code(home / name)
    return config


def test_a_plan_of_own_code() -> None:
    config, inputs = plan(request(), "x")
    assert config.pair == "my_data-my_model"
    assert set(config.space["params"]) >= {"lr", "width", "dropout"}
    assert inputs.splits.spec.name == "my_data"
    assert planned(known_as="lights").pair == "lights-my_model"
    Path("search_spaces").mkdir()
    Path("search_spaces/my_data-my_model.toml").write_text("epochs = 2\n[params]\nlr = 0.1\n")
    assert planned().space["params"] == {"lr": 0.1}


def test_a_network_that_does_not_fit_is_told_with_its_line() -> None:
    text = Path("layers/dense.py").read_text()
    Path("layers/dense.py").write_text(text.replace("x.flatten(1)", "x"))
    with pytest.raises(TunerError, match=r"^layers/dense\.py:15: RuntimeError: "):
        plan(request(), "x")


def test_names_of_the_folder_are_said() -> None:
    Path("models").mkdir()
    Path("models/cnn.py").write_text(Path("my_model.py").read_text())
    notes = Notes()
    read = read_own_code(request(model="cnn"), notes)
    assert notes.lines == ["cnn is ./models/cnn.py here, not the model of tuner list"]
    assert read.model.startswith("py:")


def test_changed_and_missing_files_are_said_when_a_sweep_goes_on(home: Path) -> None:
    config, notes = saved(home, "x"), Notes()
    tell_changes(config, notes)
    assert notes.lines == []
    Path("layers/names.py").write_text("FACTOR = 3\n")
    Path("points.py").unlink()
    tell_changes(config, notes)
    assert notes.lines == [
        "points.py no longer there: x goes on with the copy that it began with",
        "layers/names.py changed since: x goes on with the copy that it began with; to use it as it is now, begin a "
        "new sweep",
    ]


def test_other_code_under_the_same_name_is_said(home: Path) -> None:
    saved(home, "my_data-my_model-1")
    notes = Notes()
    tell_other_code(saved(home, "other"), home, notes)
    assert notes.lines == []
    Path("layers/names.py").write_text("FACTOR = 3\n")
    tell_other_code(planned(), home, notes)
    assert notes.lines == [
        "the code of my_model is not that of other: both are my_data-my_model, and its champion may be of either; own "
        "file names keep them apart"
    ]


def test_the_best_trial_of_a_sweep_of_changed_code_is_of_the_same_model(home: Path) -> None:
    saved(home, "x")
    Path("layers/names.py").write_text("FACTOR = 3\n")
    now = catalog.resolve("models", "my_model.py")
    with pytest.raises(TunerError, match="no trial of it has finished"):
        best_for(now, "x", home, "--from-best")
    with pytest.raises(TunerError, match="that is a sweep of my_model, not of cnn"):
        best_for("cnn", "x", home, "--from-best")


def test_what_is_imported_goes_to_a_cluster_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("password.txt").write_text("secret")
    asked = read_own_code(request(), Notes())
    packed = pack(asked, tmp_path / "job")
    sent = sorted(path.name for path in (tmp_path / "job").rglob("*") if path.is_file())
    assert sent == sorted(
        ["code.json", "code.json", "my_data.py", "points.py", "my_model.py", "__init__.py", "dense.py", "names.py"]
    )
    monkeypatch.chdir(tmp_path / "job")
    words = unpack(command_words("sweep", packed, as_json=False), tmp_path / "there")
    there = read_own_code(SweepRequest(dataset=words[1], model=words[2]), Notes())
    assert (there.dataset, there.model) == (asked.dataset, asked.model)


def test_no_sweep_is_called_as_a_pair_with_own_code(home: Path) -> None:
    data = catalog.resolve("datasets", "my_data.py")
    (home / "before").mkdir(parents=True)
    make_config(name="before", dataset=data, model="cnn").save(home / "before")
    (home / "train-1").mkdir()
    program = {"kind": "script", "name": "train", "shown": "train", "digest": "", "saves": False}
    make_config(name="train-1", dataset="", model="train", program=program, objective="a:min").save(home / "train-1")
    for name in ("my_data-cnn", "train"):
        with pytest.raises(TunerError, match=f"^--name '{name}': that is the name of a pair's registered model"):
            check_sweep_is_no_pair(name, make_config(name=name), home)
