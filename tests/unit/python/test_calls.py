"""The functions of the Python API: their options are those of the commands, and a mistake is one line."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from support.common import Typed

import tuner
from tuner.cli import app as command_line
from tuner.core.errors import TunerError
from tuner.core.python_space import plain_space
from tuner.core.sweep_options import read_growth, read_sweep
from tuner.python import calls
from tuner.python.handle import Sweep

ONLY_TYPED = {"help", "json", "attach", "dry_run", "slurm", "wait"}
ONLY_IN_PYTHON = {"progress"}


def options_of(command: str) -> set[str]:
    """The options of a command, each by its first name, as Python has them."""
    found = typer.main.get_command(command_line.app).commands[command]  # type: ignore[attr-defined]
    names = [option.opts[0].removeprefix("--").replace("-", "_") for option in found.params if option.opts[0][0] == "-"]
    return {"as_" if name == "as" else name for name in names} - ONLY_TYPED


@pytest.mark.parametrize(
    ("command", "function"), [("sweep", calls.sweep), ("train", calls.train), ("resume", Sweep.resume)]
)
def test_the_keywords_are_the_options_of_the_command(command: str, function: Any) -> None:
    keywords = {p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY}
    other_machine = {"address"} if command == "resume" else set()  # a sweep that was opened is of this machine
    assert keywords - ONLY_IN_PYTHON == options_of(command) - other_machine


def test_the_api_is_loaded_when_it_is_asked_for() -> None:
    heavy = ("torch", "ray", "mlflow", "optuna", "pandas", "numpy")
    code = (
        "import sys, tuner; before = set(sys.modules); from tuner import sweep, train, Sweep, Result, TunerError;"
        f"print([name for name in {heavy} if name in sys.modules], 'tuner.python.calls' in before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"


def test_every_name_of_the_api_is_there() -> None:
    assert {"sweep", "train", "load_model", "Sweep", "TunerError"} <= set(tuner.__all__) <= set(dir(tuner))
    for name in tuner.__all__:
        assert getattr(tuner, name)
    with pytest.raises(AttributeError, match="no attribute 'sweeep'"):
        _ = tuner.sweeep


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trials": 0}, ("--trials", "0")),
        ({"time_budget": "soon"}, ("--time-budget", "soon")),
        ({"objective": ["val_los"]}, ("--objective", "val_los")),
        ({"seeds": 3}, ("--seeds", "3")),
        ({"scheduler": "ahsa"}, ("--scheduler", "ahsa")),
    ],
)
def test_a_mistake_is_the_line_of_the_command(options: dict[str, Any], words: tuple[str, ...], typed: Typed) -> None:
    with pytest.raises(TunerError) as raised:
        tuner.sweep("digits", "cnn", **options)
    status, _, err = typed("sweep", "digits", "cnn", *words)
    assert (status, err) == (2, f"error: {raised.value}\n")


def test_a_sweep_in_python_does_not_go_to_a_cluster_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_ADDRESS", "http://head:8265")
    with pytest.raises(TunerError, match=r"runs on this machine; on http://head:8265 .*; for here: address='local'"):
        tuner.sweep("digits", "cnn")


def test_durations_are_text_or_seconds_and_budgets_are_collected() -> None:
    request = read_sweep({"dataset": "digits", "model": "cnn", "time_budget": 90, "patience": 3, "finalists": 2})
    assert (request.time_budget, request.budgets.patience) == (90.0, 3)
    assert request.confirm is not None
    assert (request.confirm.finalists, request.confirm.seeds) == (2, 3)
    more = read_growth({"trials": 20, "time_budget": "2m", "gpu_budget": "1h"})
    assert (more.trials, more.time_budget, more.budgets.gpu_budget) == (20, 120.0, 3600.0)


def test_a_dictionary_is_a_space_in_the_words_of_a_file() -> None:
    lr = {"low": np.float64(0.1), "high": 1.0, "log": True, "when": {"optimizer": ("sgd",)}}
    assert plain_space({"lr": lr}) == {
        "params": {"lr": {"low": 0.1, "high": 1.0, "log": True, "when": {"optimizer": ["sgd"]}}}
    }
    whole = {"epochs": 5, "params": {"lr": 0.1}, "start": [{"lr": 0.1}]}
    assert plain_space(whole) == whole
    parameter = {"params": {"low": 1, "high": 2}}  # a parameter that is called params
    assert plain_space(parameter) == {"params": parameter}
    with pytest.raises(TunerError, match="space: give a dictionary of parameters, or the path of a file, got list"):
        plain_space([1])  # type: ignore[arg-type]


def test_a_file_of_a_user_is_typed(tmp_path: Path) -> None:
    """mypy --strict knows what comes back, and refuses an option that there is not."""
    good = (
        "from tuner import Sweep, load_model, sweep, train\n"
        "result = sweep('digits', 'cnn', trials=2, space={'lr': {'low': 0.1, 'high': 1.0}})\n"
        "number: int = result.best.number\n"
        "low: float = (result.best.scores['test_accuracy'].interval or (0.0, 1.0))[0]\n"
        "state: str = Sweep.open('digits-cnn-1').status().state\n"
        "names = load_model('digits-cnn').predict([])\n"
        "again = train('digits', 'cnn', from_best=result.name)\n"
    )
    (tmp_path / "typed.py").write_text(good)
    (tmp_path / "wrong.py").write_text(f"{good}sweep('digits', 'cnn', trails=2)\n")
    files = [str(tmp_path / name) for name in ("typed.py", "wrong.py")]
    mypy = [sys.executable, "-m", "mypy", *files]  # strict, as `make lint` has it, whose cache saves a minute
    done = subprocess.run(mypy, capture_output=True, text=True, cwd=Path(tuner.__file__).parents[1], check=False)
    told = done.stdout.splitlines()
    assert told[-1].startswith("Found 1 error in 1 file (checked 2 source files)"), done.stdout
    assert f"{files[1]}:8:" in told[0]
    assert 'Unexpected keyword argument "trails"' in told[0]


def listen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The orders that would be carried out."""
    orders: list[Any] = []

    def note(order: Any, _view: Any) -> str:
        orders.append(order)
        return "digits-cnn-1"

    monkeypatch.setattr(calls, "carry_out", note)
    return orders


def test_files_may_be_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = listen(monkeypatch)
    own = tmp_path / "own.py"
    own.write_text("def train(trial):\n    trial.report(loss=1)\n")
    calls.sweep(Path("my_data.py"), Path("my_model.py"))
    calls.train(Path("my_data.py"), "cnn")
    calls.sweep(own, objective="loss:min")
    assert [(each.request.dataset, each.request.model) for each in orders[:2]] == [
        ("my_data.py", "my_model.py"),
        ("my_data.py", "cnn"),
    ]
    assert orders[2].request.program.program.name == "own"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: calls.sweep(5), "dataset: give a name, or the path of your own file, got int"),  # type: ignore[arg-type]
        (lambda: calls.sweep("digits", len), "model: give a name, or the path of your own file, got builtin"),  # type: ignore[arg-type]
        (lambda: calls.train("digits", None), "model: give a name, or the path of your own file, got NoneType"),  # type: ignore[arg-type]
        (lambda: calls.sweep(script=["python"]), "script: give the command as one text, got list"),  # type: ignore[arg-type]
        (lambda: calls.sweep(dict), "dict is no function of Python"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_tuned_is_one_line(call: Any, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = listen(monkeypatch)
    with pytest.raises(TunerError, match=told):
        call()
    assert not orders
