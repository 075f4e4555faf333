"""A user's own training as it is given: a function, a file, a command."""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from tuner.core.errors import TunerError
from tuner.core.kept_code import KeptCode
from tuner.core.objective import Goal
from tuner.core.program import check_command, filled_in
from tuner.core.program_request import ProgramRequest
from tuner.core.sweep_options import what_is_tuned
from tuner.training.function_trial import function_in

SAVING = "def train(trial):\n    trial.report(loss=1.0)\n    trial.save({})\n"


def imported(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path.cwd()))
    monkeypatch.delitem(sys.modules, name, raising=False)
    importlib.invalidate_caches()
    return importlib.import_module(name)


@pytest.mark.parametrize(
    ("source", "saves"),
    [
        (SAVING, True),
        ("def train(t):\n    t.save(1)\n", True),
        ("class C:\n    def end(self):\n        self.trial.save(1)\ndef train(trial): C(trial)\n", True),
        ("import torch\ndef train(trial):\n    torch.save({}, trial.folder / 'x')\n    trial.report(loss=1)\n", False),
        ("def train(trial):\n    model.save('x')\n", False),
    ],
)
def test_whether_the_code_saves_the_state_of_its_trials_is_read_from_it(source: str, saves: bool) -> None:
    Path("mine.py").write_text(source)
    asked = ProgramRequest.of_text("mine.py")
    assert asked is not None
    assert (asked.program.saves, asked.program.name, asked.program.kind) == (saves, "mine", "function")


def test_a_function_of_a_module_is_kept_as_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("helper_here.py").write_text("RATE = 3\n")
    Path("own_module.py").write_text("from helper_here import RATE\n\ndef fit(trial):\n    return RATE\n")
    asked = ProgramRequest.of_function(imported("own_module", monkeypatch).fit)
    assert isinstance(asked.code, KeptCode)
    assert set(asked.code.files) == {"0/own_module.py", "0/helper_here.py"}
    assert asked.program.name == "own_module_fit"
    Path("helper_here.py").unlink()
    assert function_in(asked.code)(None) == 3  # type: ignore[arg-type]


def test_a_function_of_a_notebook_is_pickled_with_the_modules_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("beside_it.py").write_text("def double(x):\n    return 2 * x\n")
    module, factor = imported("beside_it", monkeypatch), 21

    def train(trial: object) -> int:
        return int(module.double(factor))

    asked = ProgramRequest.of_function(train)
    assert isinstance(asked.code, bytes)
    assert asked.program.name == "train"
    monkeypatch.delitem(sys.modules, "beside_it")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != str(Path.cwd())])
    Path("beside_it.py").unlink()
    assert function_in(asked.code)(None) == 42  # type: ignore[arg-type]


def test_what_cannot_be_a_training_function_is_refused() -> None:
    with pytest.raises(TunerError, match=r"takes other arguments: write def train\(trial\)"):
        ProgramRequest.of_function(lambda: None)
    lock = threading.Lock()

    def train(trial: object) -> None:
        print(lock)

    with pytest.raises(TunerError, match="train cannot be kept with the sweep: TypeError"):
        ProgramRequest.of_function(train)
    Path("empty.py").write_text("x = 1\n")
    asked = ProgramRequest.of_text("empty.py")
    assert asked is not None
    assert asked.code is not None
    with pytest.raises(TunerError, match=r"empty.py has no function train: write def train\(trial\)"):
        function_in(asked.code)


def test_a_command_is_filled_in_and_a_word_of_what_a_trial_has_not_is_left_out() -> None:
    command = 'python "my train.py" --lr {lr} --momentum={momentum} --flag={flag} {{x}}'
    assert filled_in(command, {"lr": 0.1, "flag": True}) == [
        *("python", "my train.py", "--lr", "0.1", "--flag=true", "{x}"),
    ]
    assert check_command("train {lr}", ["lr", "depth"]) == ["depth"]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("train --lr {rl}", "unknown placeholder of --script 'rl': choose one of lr"),
        ("train 'open", "--script: No closing quotation"),
        ("  ", "--script: give a command"),
    ],
)
def test_a_command_that_cannot_be_run_is_refused(command: str, error: str) -> None:
    with pytest.raises(TunerError, match=error):
        check_command(command, ["lr"])


def test_one_of_the_three_is_given() -> None:
    Path("train.py").write_text(SAVING)
    assert what_is_tuned("digits", "cnn", None) == {"dataset": "digits", "model": "cnn"}
    assert what_is_tuned("digits", None, None) == {"dataset": "digits"}, "the models that suit it are swept"
    Path("my_data.py").write_text("def load(root):\n    ...\n")
    assert what_is_tuned("my_data.py", None, None) == {"dataset": "my_data.py"}
    assert what_is_tuned("train.py", None, None)["program"].program.shown == "train.py"
    script = what_is_tuned(None, None, "python train.py --lr {lr}")["program"].program
    assert (script.name, script.folder) == ("train", str(Path.cwd()))
    for given in ((None, None, None), ("digits", None, "x")):
        with pytest.raises(TunerError, match=r"give DATASET and MODEL|leave digits out"):
            what_is_tuned(*given)


def test_metrics_of_own_code_have_any_name_and_a_direction() -> None:
    goal = Goal.parse("auc:max,size:min", "size<=3", own=True)
    assert goal.own
    assert not goal.by_accuracy
    assert goal.gains({"auc": 0.5, "size": 2.0}) == (0.5, -2.0)
    assert goal.broken({"auc": 0.5, "size": 4.0}) == "size 4 (must be at most 3)"
    assert Goal.parse("parameters:max", own=True).before == ()  # not measured by us
    for wrong, error in (("auc", "say which values are better: auc:min or auc:max"), ("time:min", "is not epoch or")):
        with pytest.raises(TunerError, match=error):
            Goal.parse(wrong, own=True)
